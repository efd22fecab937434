// SPDX-License-Identifier: Apache-2.0
//
// Reads specs. A line is a keyword and words; one table has the keywords and who reads their words,
// one the kinds of sessions, one the verbs of steps.
#include "spec.h"

#include <ctype.h>
#include <stdio.h>

#include "base/file.h"
#include "base/text.h"

enum { SPEC_BYTES_MAX = 64 << 10, SPEC_ARENA_BYTES_MAX = 128 << 10 };

struct spec_reader {
    struct spec *spec;
    struct spec_session *session; // the one whose lines are read; NULL: none yet
    struct text rest;             // of the line
    const char *path;
    int line;
    bool failed;
    struct grove_error *error;
};

static const struct {
    const char *name;
    const char *prefix; // of points that stand in specs without it
    bool is_script;
} kinds[SPEC_KINDS] = {
    [SPEC_WRITER] = {"writer", "", true},
    [SPEC_CLOCK] = {"clock", "", true},
    [SPEC_ENGINE] = {"engine", "", true},
    [SPEC_PROJECTOR] = {"projector", "PROJECTOR_", false},
    [SPEC_READER] = {"reader", "SEARCH_", false},
    [SPEC_LOADER] = {"loader", "", false},
    [SPEC_PREPARE] = {"prepare", "PROJECTOR_", false},
    [SPEC_REFILL] = {"refill", "PROJECTOR_", false},
    [SPEC_REVIVE] = {"revive", "PROJECTOR_", false},
    [SPEC_SET_MODEL] = {"set-model", "MODEL_", false},
};

static const struct {
    const char *name;
    enum spec_kind kind;
    bool has_content;
    bool has_fields;
} verbs[SPEC_VERBS] = {
    [SPEC_BEGIN] = {"begin", SPEC_WRITER, false, false},
    [SPEC_COMMIT] = {"commit", SPEC_WRITER, false, false},
    [SPEC_ROLLBACK] = {"rollback", SPEC_WRITER, false, false},
    [SPEC_INSERT] = {"insert", SPEC_WRITER, true, true},
    [SPEC_UPDATE] = {"update", SPEC_WRITER, true, true},
    [SPEC_DELETE] = {"delete", SPEC_WRITER, true, false},
    [SPEC_VECTOR] = {"vector", SPEC_WRITER, true, true},
    [SPEC_LEASES_OVER] = {"leases-over", SPEC_CLOCK, false, false},
    [SPEC_LATE] = {"late", SPEC_CLOCK, false, false},
    [SPEC_FAULT] = {"fault", SPEC_ENGINE, false, false},
    [SPEC_MEND] = {"mend", SPEC_ENGINE, false, false},
    [SPEC_LOSE_COLLECTION] = {"lose-collection", SPEC_ENGINE, false, false},
    [SPEC_SETTLE] = {"settle", SPEC_ENGINE, false, false},
};

bool spec_is_script(enum spec_kind kind)
{
    return kinds[kind].is_script;
}

void spec_point_name(enum spec_kind kind, enum inject_point point,
                     char ret_name[static SPEC_NAME_SIZE])
{
    const char *name = inject_point_name(point), *prefix = kinds[kind].prefix;
    size_t length = strlen(prefix), i = 0;
    if (strncmp(name, prefix, length) == 0)
        name += length;
    for (; name[i] && i + 1 < SPEC_NAME_SIZE; i++)
        ret_name[i] = name[i] == '_' ? '-' : (char)tolower((unsigned char)name[i]);
    ret_name[i] = '\0';
}

// --- words --------------------------------------------------------------------------------------

#define REFUSE(reader, ...)                                                                        \
    do {                                                                                           \
        if (!(reader)->failed) {                                                                   \
            char reason_[256];                                                                     \
            snprintf(reason_, sizeof reason_, __VA_ARGS__);                                        \
            error_set((reader)->error, GROVE_INVALID, "%s:%d: %s", (reader)->path, (reader)->line, \
                      reason_);                                                                    \
        }                                                                                          \
        (reader)->failed = true;                                                                   \
    } while (0)

// The line's next word; empty where there is none.
static struct text next_word(struct spec_reader *reader)
{
    struct text word = {"", 0};
    while (word.length == 0 && text_split(&reader->rest, ' ', &word))
        ;
    return word;
}

static void take_name(struct spec_reader *reader, const char *what,
                      char ret_name[static SPEC_NAME_SIZE])
{
    struct text word = next_word(reader);
    if (word.length == 0 || word.length >= SPEC_NAME_SIZE || memchr(word.data, '.', word.length) ||
        memchr(word.data, '=', word.length)) {
        REFUSE(reader,
               "\"%.*s\" is no name of %s: 1 to %d characters without . and =", TEXT_ARGS(word),
               what, SPEC_NAME_SIZE - 1);
        return;
    }
    memcpy(ret_name, word.data, word.length);
    ret_name[word.length] = '\0';
}

static int take_number(struct spec_reader *reader, struct text word)
{
    int64_t number = 0;
    if (!text_to_int64(word, &number) || number < 0 || number > 1000000)
        REFUSE(reader, "\"%.*s\" is no number", TEXT_ARGS(word));
    return (int)number;
}

// The index of a content that is named in the line.
static int take_content(struct spec_reader *reader, struct text word)
{
    const struct spec *spec = reader->spec;
    for (size_t i = 0; i < spec->content_count; i++)
        if (text_equal(word, text_of(spec->contents[i].name)))
            return (int)i;
    REFUSE(reader, "there is no content \"%.*s\"", TEXT_ARGS(word));
    return 0;
}

// One "name=number" for a content's fields. False: it is something else.
static bool take_field(struct spec_reader *reader, struct text word, struct spec_fields *fields)
{
    const struct {
        const char *name;
        int *value;
    } known[] = {
        {"title", &fields->title},
        {"words", &fields->words},
        {"vector", &fields->vector},
        {"reduced", &fields->reduced},
    };
    struct text rest = word, name;
    if (!text_split(&rest, '=', &name) || rest.length == 0)
        return false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!text_equal(name, text_of(known[i].name)))
            continue;
        *known[i].value = take_number(reader, rest);
        return true;
    }
    return false;
}

static void take_fields(struct spec_reader *reader, struct spec_fields *ret)
{
    *ret = (struct spec_fields){SPEC_UNSET, SPEC_UNSET, SPEC_UNSET, SPEC_UNSET};
    for (struct text word; (word = next_word(reader)).length > 0;)
        if (!take_field(reader, word, ret))
            REFUSE(reader,
                   "\"%.*s\" is none of title=, words=, vector=, reduced=", TEXT_ARGS(word));
}

static void take_rest(struct spec_reader *reader, char ret_text[static SPEC_LINE_SIZE])
{
    struct text text = text_trim(reader->rest);
    if (text.length == 0 || text.length >= SPEC_LINE_SIZE)
        REFUSE(reader, "a text of 1 to %d characters is missing", SPEC_LINE_SIZE - 1);
    else
        snprintf(ret_text, SPEC_LINE_SIZE, "%.*s", TEXT_ARGS(text));
    reader->rest = (struct text){"", 0};
}

// --- faults -------------------------------------------------------------------------------------

static int find_word(struct text word, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (names[i] && text_equal(word, text_of(names[i])))
            return i;
    return -1;
}

// fault KIND CALL|all [nth=N] [only=CONTENT] [as=unreachable|invalid|timeout]
static void take_fault(struct spec_reader *reader, struct fake_fault *ret)
{
    static const char *const names[] = {
        [FAKE_REFUSE] = "refuse",       [FAKE_LOSE] = "lose",           [FAKE_DELAY] = "delay",
        [FAKE_DUPLICATE] = "duplicate", [FAKE_ANSWER_LOST] = "unheard",
    };
    static const char *const calls[ENGINE_CALLS] = {
        [ENGINE_UPSERT] = "upsert", [ENGINE_REMOVE] = "remove", [ENGINE_SEARCH] = "search"};
    struct text kind_word = next_word(reader), call_word = next_word(reader);
    int kind = find_word(kind_word, names, sizeof names / sizeof *names);
    int call = text_equal(call_word, text_of("all")) ? ENGINE_CALLS
                                                     : find_word(call_word, calls, ENGINE_CALLS);
    if (kind < 0)
        REFUSE(reader, "\"%.*s\" is none of refuse, lose, delay, duplicate, unheard",
               TEXT_ARGS(kind_word));
    if (call < 0)
        REFUSE(reader, "\"%.*s\" is none of upsert, remove, search, all", TEXT_ARGS(call_word));
    if (reader->failed)
        return;
    *ret = (struct fake_fault){.call = (enum engine_call)call, .kind = (enum fake_fault_kind)kind};
    for (struct text word; (word = next_word(reader)).length > 0;) {
        struct text value = word, name;
        if (!text_split(&value, '=', &name) || value.length == 0)
            REFUSE(reader, "\"%.*s\" is none of nth=, only=, as=", TEXT_ARGS(word));
        else if (text_equal(name, text_of("nth")))
            ret->nth = (unsigned long)take_number(reader, value);
        else if (text_equal(name, text_of("only")))
            ret->content_id = take_content(reader, value) + 1;
        else if (text_equal(word, text_of("as=invalid")))
            ret->code = GROVE_INVALID, ret->http_status = 400; // as a server says it
        else if (text_equal(word, text_of("as=timeout")))
            ret->code = GROVE_TIMEOUT;
        else if (!text_equal(word, text_of("as=unreachable")))
            REFUSE(reader, "\"%.*s\" is none of nth=, only=, as=unreachable, invalid, timeout",
                   TEXT_ARGS(word));
    }
}

// --- lines of the spec as a whole ---------------------------------------------------------------

static void read_about(struct spec_reader *reader)
{
    take_rest(reader, reader->spec->about);
}

static void read_defect(struct spec_reader *reader)
{
    take_rest(reader, reader->spec->defect);
}

static void read_shows(struct spec_reader *reader)
{
    take_rest(reader, reader->spec->shows);
}

static void read_engine(struct spec_reader *reader)
{
    for (struct text word; (word = next_word(reader)).length > 0;) {
        if (text_equal(word, text_of("conditional")))
            reader->spec->conditional = true;
        else if (text_equal(word, text_of("unconditional")))
            reader->spec->unconditional = true;
        else
            REFUSE(reader, "\"%.*s\" is neither conditional nor unconditional", TEXT_ARGS(word));
    }
}

static void read_orders_max(struct spec_reader *reader)
{
    reader->spec->orders_max = take_number(reader, next_word(reader));
}

static void read_embeds(struct spec_reader *reader)
{
    reader->spec->embeds = true;
}

static void read_content(struct spec_reader *reader)
{
    struct spec *spec = reader->spec;
    if (spec->content_count == SPEC_CONTENTS_MAX) {
        REFUSE(reader, "more than %d contents", SPEC_CONTENTS_MAX);
        return;
    }
    struct spec_content *content = &spec->contents[spec->content_count];
    take_name(reader, "a content", content->name);
    content->fields = (struct spec_fields){1, 1, 1, SPEC_UNSET};
    for (struct text word; (word = next_word(reader)).length > 0;) {
        if (text_equal(word, text_of("absent")))
            content->absent = true;
        else if (text_equal(word, text_of("pending")))
            content->pending = true;
        else if (text_equal(word, text_of("lost")))
            content->lost = true;
        else if (text_equal(word, text_of("unembedded")))
            content->fields.vector = SPEC_UNSET;
        else if (text_starts_with(word, "attempts="))
            content->attempts = take_number(reader, (struct text){word.data + 9, word.length - 9});
        else if (!take_field(reader, word, &content->fields))
            REFUSE(reader, "\"%.*s\" says nothing of a content", TEXT_ARGS(word));
    }
    if (content->fields.vector == SPEC_UNSET && !content->pending && !content->absent)
        REFUSE(reader, "\"unembedded\" goes with \"pending\"");
    spec->content_count++;
}

static void read_fault(struct spec_reader *reader)
{
    struct spec *spec = reader->spec;
    if (spec->fault_count == SPEC_FAULTS_MAX)
        REFUSE(reader, "more than %d faults", SPEC_FAULTS_MAX);
    else
        take_fault(reader, &spec->faults[spec->fault_count++]);
}

static void read_session(struct spec_reader *reader)
{
    struct spec *spec = reader->spec;
    if (spec->session_count == SPEC_SESSIONS_MAX) {
        REFUSE(reader, "more than %d sessions", SPEC_SESSIONS_MAX);
        return;
    }
    struct spec_session *session = &spec->sessions[spec->session_count];
    *session = (struct spec_session){.rounds = 1, .limit = 10, .words_min = SPEC_UNSET};
    session->fields = (struct spec_fields){SPEC_UNSET, SPEC_UNSET, SPEC_UNSET, SPEC_UNSET};
    take_name(reader, "a session", session->name);
    for (size_t i = 0; i < spec->session_count; i++)
        if (strcmp(spec->sessions[i].name, session->name) == 0)
            REFUSE(reader, "there are two sessions \"%s\"", session->name);
    struct text word = next_word(reader);
    int kind = 0;
    while (kind < SPEC_KINDS && !text_equal(word, text_of(kinds[kind].name)))
        kind++;
    if (kind == SPEC_KINDS) {
        REFUSE(reader, "there is no kind of session \"%.*s\"", TEXT_ARGS(word));
        return;
    }
    session->kind = (enum spec_kind)kind;
    reader->session = session;
    spec->session_count++;
}

// --- lines of a session -------------------------------------------------------------------------

static void read_step(struct spec_reader *reader)
{
    struct spec_session *session = reader->session;
    if (!kinds[session->kind].is_script || session->step_count == SPEC_STEPS_MAX) {
        REFUSE(reader, "a %s has no steps, others at most %d", kinds[session->kind].name,
               SPEC_STEPS_MAX);
        return;
    }
    struct spec_step *step = &session->steps[session->step_count++];
    take_name(reader, "a step", step->name);
    for (size_t i = 0; i + 1 < session->step_count; i++)
        if (strcmp(session->steps[i].name, step->name) == 0)
            REFUSE(reader, "there are two steps \"%s\"", step->name);
    struct text word = next_word(reader);
    struct text second =
        text_equal(word, text_of("begin")) ? next_word(reader) : (struct text){"", 0};
    step->begins = second.length > 0;
    if (step->begins)
        word = second;
    int verb = 0;
    while (verb < SPEC_VERBS &&
           !(verbs[verb].kind == session->kind && text_equal(word, text_of(verbs[verb].name))))
        verb++;
    if (verb == SPEC_VERBS) {
        REFUSE(reader, "a %s cannot \"%.*s\"", kinds[session->kind].name, TEXT_ARGS(word));
        return;
    }
    step->verb = (enum spec_verb)verb;
    if (verbs[verb].has_content)
        step->content = take_content(reader, next_word(reader));
    if (verbs[verb].has_fields)
        take_fields(reader, &step->fields);
    if (step->verb == SPEC_FAULT)
        take_fault(reader, &step->fault);
}

static void read_stops(struct spec_reader *reader)
{
    struct spec_session *session = reader->session;
    for (struct text word; (word = next_word(reader)).length > 0;) {
        char name[SPEC_NAME_SIZE];
        int point = 0;
        if (text_equal(word, text_of("looked"))) {
            session->stops_at_look = true;
            continue;
        }
        for (; point < INJECT_POINT_COUNT; point++) {
            spec_point_name(session->kind, (enum inject_point)point, name);
            if (text_equal(word, text_of(name)))
                break;
        }
        if (kinds[session->kind].is_script || point == INJECT_POINT_COUNT)
            REFUSE(reader, "a %s does not come by \"%.*s\"", kinds[session->kind].name,
                   TEXT_ARGS(word));
        else
            session->stops[point] = true;
    }
}

static void read_contents(struct spec_reader *reader)
{
    for (struct text word; (word = next_word(reader)).length > 0;)
        if (!take_field(reader, word, &reader->session->fields))
            reader->session->contents |= 1U << take_content(reader, word);
}

static void read_rounds(struct spec_reader *reader)
{
    reader->session->rounds = take_number(reader, next_word(reader));
}

static void read_limit(struct spec_reader *reader)
{
    reader->session->limit = take_number(reader, next_word(reader));
}

static void read_words_min(struct spec_reader *reader)
{
    reader->session->words_min = take_number(reader, next_word(reader));
}

static void read_may(struct spec_reader *reader)
{
    struct spec_session *session = reader->session;
    for (struct text word; (word = next_word(reader)).length > 0;) {
        if (text_equal(word, text_of("wait")))
            session->may_wait = true;
        else if (text_equal(word, text_of("degrade")))
            session->may_degrade = true;
        else if (text_equal(word, text_of("fail")))
            session->may_fail = true;
        else
            REFUSE(reader, "\"%.*s\" is none of wait, degrade, fail", TEXT_ARGS(word));
    }
}

static void read_push_down(struct spec_reader *reader)
{
    reader->session->push_down = true;
}

static const struct {
    const char *name;
    bool of_session;
    void (*read)(struct spec_reader *reader);
} keywords[] = {
    {"about", false, read_about},
    {"content", false, read_content},
    {"defect", false, read_defect},
    {"embeds", false, read_embeds},
    {"engine", false, read_engine},
    {"fault", false, read_fault},
    {"orders-max", false, read_orders_max},
    {"session", false, read_session},
    {"shows", false, read_shows},
    {"contents", true, read_contents},
    {"limit", true, read_limit},
    {"may", true, read_may},
    {"push-down", true, read_push_down},
    {"rounds", true, read_rounds},
    {"step", true, read_step},
    {"stops", true, read_stops},
    {"words-min", true, read_words_min},
};

// --- the file -----------------------------------------------------------------------------------

static void read_line(struct spec_reader *reader, struct text line)
{
    struct text comment = line, before;
    reader->rest = text_split(&comment, '#', &before) ? text_trim(before) : text_trim(line);
    struct text keyword = next_word(reader);
    if (keyword.length == 0)
        return;
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        if (!text_equal(keyword, text_of(keywords[i].name)))
            continue;
        if (keywords[i].of_session && !reader->session)
            REFUSE(reader, "\"%s\" stands before the first session", keywords[i].name);
        else
            keywords[i].read(reader);
        struct text more = next_word(reader);
        if (more.length > 0)
            REFUSE(reader, "\"%.*s\" is too much", TEXT_ARGS(more));
        return;
    }
    REFUSE(reader, "there is no keyword \"%.*s\"", TEXT_ARGS(keyword));
}

static void name_spec(struct spec *spec, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *ending = strrchr(name, '.');
    int length = ending ? (int)(ending - name) : (int)strlen(name);
    snprintf(spec->name, sizeof spec->name, "%.*s", length, name);
}

static void check_whole(struct spec_reader *reader)
{
    struct spec *spec = reader->spec;
    if (!spec->about[0])
        REFUSE(reader, "nothing says what it is about");
    if ((spec->defect[0] == '\0') != (spec->shows[0] == '\0'))
        REFUSE(reader, "\"defect\" and \"shows\" go together");
    if (!spec->conditional && !spec->unconditional)
        REFUSE(reader, "the line \"engine\" is missing");
    if (spec->session_count == 0 || spec->content_count == 0)
        REFUSE(reader, "there are no sessions, or no contents");
    for (size_t i = 0; i < spec->session_count; i++)
        if (kinds[spec->sessions[i].kind].is_script && spec->sessions[i].step_count == 0)
            REFUSE(reader, "the session \"%s\" has no steps", spec->sessions[i].name);
}

enum grove_code spec_read(const char *path, struct spec *ret, struct grove_error *error)
{
    struct arena arena;
    struct text rest = {NULL, 0}, line;
    struct spec_reader reader = {.spec = ret, .path = path, .error = error};
    *ret = (struct spec){.orders_max = 5000};
    name_spec(ret, path);
    arena_init(&arena, SPEC_ARENA_BYTES_MAX);
    enum grove_code code = file_read(&arena, path, SPEC_BYTES_MAX, &rest, error);
    while (code == GROVE_OK && !reader.failed && text_split(&rest, '\n', &line)) {
        reader.line++;
        read_line(&reader, line);
    }
    if (code == GROVE_OK)
        check_whole(&reader);
    arena_release(&arena);
    return code == GROVE_OK && reader.failed ? error->code : code;
}
