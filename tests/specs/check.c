// SPDX-License-Identifier: Apache-2.0
//
// After every step, of every content:
//
//  1. PostgreSQL has it as the committed transactions left it (the model), and a revision exactly
//     where it exists.
//  2. Its revision never falls.
//  3. Outside the outbox it has a vector of its current text, of the database's model.
//  4. Outside the outbox the engine has it as PostgreSQL has it: revision, payload and vector; and
//     no point where it does not exist.
//  5. A row is a dead letter once eight attempts were counted, and stays one until it is revived
//     or its content changes.
//
// Statement 4 is invariant 2 of sql/README.md, and has three gaps, which it must be told:
//
//  - A projector whose lease has run out between its look at the clock and its write may write
//    when somebody else has finished the row. Until it acknowledges (and finds that the row is to
//    go in again) the engine may hold what it wrote: where the engine compares revisions only the
//    point of a deleted content, for there is nothing left to compare with; where it does not, an
//    old state of any content. So there 4 is asked only while no such projector is between
//    PROJECTOR_WRITE and PROJECTOR_ACKNOWLEDGED.
//  - An engine that lost its collection has no points. Once it has one again, all contents are in
//    the outbox, but for what a projector wrote before the loss and acknowledges after it.
//  - Writes that the engine itself brings late (`fault delay`, `fault duplicate`) nobody can undo.
//    Specs with them say what they expect.
//
// An answer of a search that began in state b and ended in state e of the model: there is a state S
// from b to e such that
//
//  6. each row of the answer is as it is in S, matches in S, and has the score of its vector in S;
//     the best come first; there are `limit` of them, or all that match in S;
//  7. a row that matches in S and is not in the answer is no better than the last one in it, or it
//     changed after b: a search promises what was committed before it began;
//  8. it is complete, and PostgreSQL need not stand in, unless the spec says that it may.
//
// At the end: statements 1 to 5 without any gap, an empty outbox, no points of strangers, and what
// outbox_check asks.
#include "check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/strbuf.h"
#include "sync/outbox_check.h"
#include "sync/projector.h"

enum { SYNC_STEPS_MAX = 24, ATTEMPTS_MAX = 8 };
static const double SCORE_TOLERANCE = 1e-5;
static const float VECTOR_TOLERANCE = 1e-5F;

static bool fail(struct check *check, const char *format, ...) GROVE_PRINTF(2, 3);
static bool fail(struct check *check, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(check->failure, sizeof check->failure, format, arguments);
    va_end(arguments);
    return false;
}

void check_begin(struct check *check)
{
    memset(check->revisions, 0, sizeof check->revisions);
    memset(check->dead, 0, sizeof check->dead);
    check->ending = false;
    check->failure[0] = '\0';
}

// --- one content --------------------------------------------------------------------------------

static bool vectors_equal(const float *a, const float *b)
{
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        if (fabsf(a[i] - b[i]) > VECTOR_TOLERANCE)
            return false;
    return true;
}

static const char *name_of(const struct check *check, int content)
{
    return check->world->spec->contents[content].name;
}

static bool check_relational(struct check *check, int content, const struct world_row *row)
{
    const struct model_row *wanted = &model_now(check->model)->rows[content];
    const char *name = name_of(check, content);
    char title[32];
    snprintf(title, sizeof title, "Title %d", wanted->fields.title);
    if (row->exists != wanted->exists)
        return fail(check, "expected: content %s %s\nthere: PostgreSQL has %s", name,
                    wanted->exists ? "exists" : "does not exist", row->exists ? "it" : "it not");
    if (row->exists != row->has_state)
        return fail(check, "expected: a revision of %s exactly where it exists\nthere: it %s", name,
                    row->exists ? "exists without one" : "has one and does not exist");
    if (row->revision < check->revisions[content] && row->exists)
        return fail(check, "expected: revisions of %s that rise\nthere: %lld after %lld", name,
                    (long long)row->revision, (long long)check->revisions[content]);
    if (row->exists)
        check->revisions[content] = row->revision;
    if (row->exists &&
        (strcmp(row->title, title) != 0 || row->words != (int64_t)wanted->fields.words))
        return fail(check,
                    "expected: %s in PostgreSQL as \"%s\", words %d\nthere: \"%s\", words %lld",
                    name, title, wanted->fields.words, row->title, (long long)row->words);
    return true;
}

static bool check_embedding(struct check *check, int content, const struct world_row *row)
{
    float wanted[VECTOR_DIMENSION];
    struct grove_error error;
    if (world_expected_vector(check->world, model_now(check->model), content, wanted, &error) !=
        GROVE_OK)
        return fail(check, "%s", error.message);
    if (!row->embedded)
        return fail(check,
                    "expected: outside the outbox %s has a vector of its text\n"
                    "there: it has none, or one of another text",
                    name_of(check, content));
    if (!vectors_equal(row->vector, wanted))
        return fail(check,
                    "expected: outside the outbox %s has its vector in PostgreSQL\n"
                    "there: another one, with the hash of its text",
                    name_of(check, content));
    return true;
}

static bool check_payload(struct check *check, int content, const struct fake_point *point)
{
    const struct spec_fields *fields = &model_now(check->model)->rows[content].fields;
    const char *name = name_of(check, content);
    float wanted[VECTOR_DIMENSION];
    struct grove_error error;
    if (world_expected_vector(check->world, model_now(check->model), content, wanted, &error) !=
        GROVE_OK)
        return fail(check, "%s", error.message);
    if (point->word_count != fields->words || point->leaf_id != 1 ||
        point->chunk_number != point->id || point->created_at_us != WORLD_CREATED_AT_US ||
        strcmp(point->hierarchy_table, "subject1_hierarchy") != 0 ||
        strcmp(point->content_type, "Spec") != 0)
        return fail(check,
                    "expected: %s in the engine with words %d\n"
                    "there: words %lld, or another field that is wrong",
                    name, fields->words, (long long)point->word_count);
    if (!vectors_equal(point->vector, wanted))
        return fail(check,
                    "expected: %s in the engine with the vector of its revision %lld\n"
                    "there: that revision, and another vector",
                    name, (long long)point->revision);
    return true;
}

static bool check_point(struct check *check, int content, const struct world_row *row)
{
    const char *name = name_of(check, content);
    if (row->exists && !row->in_engine)
        return fail(
            check, "expected: outside the outbox %s is in the engine\nthere: no point of it", name);
    if (!row->exists && row->in_engine)
        return fail(check,
                    "expected: %s, which is deleted, is in the outbox or not in the engine\n"
                    "there: a point of revision %lld, and nothing in the outbox",
                    name, (long long)row->point.revision);
    if (!row->exists)
        return true;
    if (row->point.revision != row->revision)
        return fail(check,
                    "expected: outside the outbox %s is in the engine at revision %lld\n"
                    "there: a point of revision %lld, and nothing in the outbox",
                    name, (long long)row->revision, (long long)row->point.revision);
    return check_payload(check, content, &row->point);
}

// Whether a projector whose lease has run out is about to write, or has written and not
// acknowledged.
static bool late_writer(const struct check *check)
{
    unsigned now = atomic_load(&check->world->leases_over);
    for (size_t i = 0; i < check->crew->count; i++)
        if (check->crew->sessions[i].writing && check->crew->sessions[i].leased_at < now)
            return true;
    return false;
}

static bool may_differ(const struct check *check, const struct world_row *row)
{
    if (!row->in_engine &&
        (check->world->lost_written || !fake_engine_has_collection(check->world->fake)))
        return true;
    if (!late_writer(check))
        return false;
    return !check->world->conditional || (row->in_engine && !row->exists);
}

static bool was_revived(const struct check *check)
{
    for (size_t i = 0; i < check->crew->count; i++)
        if (check->crew->sessions[i].spec->kind == SPEC_REVIVE &&
            check->crew->sessions[i].state == SESSION_ENDED)
            return true;
    return check->ending;
}

// Before check_relational, which remembers the revision.
static bool check_dead(struct check *check, int content, const struct world_row *row)
{
    const char *name = name_of(check, content);
    bool was_dead = check->dead[content], changed = row->revision != check->revisions[content];
    check->dead[content] = row->dead;
    if (row->pending && row->attempts >= ATTEMPTS_MAX && !row->dead)
        return fail(check, "expected: %s is a dead letter after %d attempts\nthere: it is not",
                    name, row->attempts);
    if (was_dead && !row->dead && !changed && !was_revived(check))
        return fail(check,
                    "expected: %s stays a dead letter until it is revived\n"
                    "there: it does not",
                    name);
    if (was_dead && row->dead && changed)
        return fail(check, "expected: %s, which changed, is no dead letter any more\nthere: it is",
                    name);
    return true;
}

bool check_moment(struct check *check)
{
    struct world_row rows[SPEC_CONTENTS_MAX];
    struct grove_error error;
    if (world_read(check->world, rows, &error) != GROVE_OK)
        return fail(check, "%s", error.message);
    for (int i = 0; i < (int)check->world->spec->content_count; i++) {
        if (!check_dead(check, i, &rows[i]) || !check_relational(check, i, &rows[i]))
            return false;
        if (rows[i].pending)
            continue;
        if (rows[i].exists && !check_embedding(check, i, &rows[i]))
            return false;
        if (!may_differ(check, &rows[i]) && !check_point(check, i, &rows[i]))
            return false;
    }
    return true;
}

// --- an answer ----------------------------------------------------------------------------------

static double score_of(struct check *check, const struct model_state *state, int content)
{
    float query[VECTOR_DIMENSION], vector[VECTOR_DIMENSION];
    struct grove_error error;
    double dot = 0;
    world_vector(0, query);
    if (world_expected_vector(check->world, state, content, vector, &error) != GROVE_OK)
        return NAN;
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        dot += (double)query[i] * (double)vector[i];
    return dot;
}

static bool matches(const struct spec_session *reader, const struct model_row *row)
{
    return row->exists &&
           (reader->words_min == SPEC_UNSET || row->fields.words >= reader->words_min);
}

// The place of a content in the answer; -1: it is not there.
static int place_of(const struct check *check, const struct session_answer *answer, int content)
{
    for (size_t i = 0; i < answer->count; i++)
        if (answer->rows[i].content_id == check->world->first_id + content)
            return (int)i;
    return -1;
}

static bool rows_equal(const struct model_row *a, const struct model_row *b)
{
    return a->exists == b->exists && a->fields.title == b->fields.title &&
           a->fields.words == b->fields.words && a->fields.vector == b->fields.vector &&
           a->fields.reduced == b->fields.reduced;
}

static bool changed_since(const struct check *check, size_t first, size_t last, int content)
{
    const struct model_state *then = &check->model->states[first];
    for (size_t s = first + 1; s <= last; s++) {
        const struct model_state *state = &check->model->states[s];
        if (!rows_equal(&state->rows[content], &then->rows[content]) ||
            state->reduced != then->reduced)
            return true;
    }
    return false;
}

// Statements 6 and 7 for one state; `why` is what does not fit.
static bool answer_fits(struct check *check, const struct session *reader, size_t state_index,
                        char why[static 160])
{
    const struct model_state *state = &check->model->states[state_index];
    const struct session_answer *answer = &reader->answer;
    size_t matching = 0, known = 0, limit = (size_t)reader->spec->limit;
    double last = answer->count > 0 ? answer->rows[answer->count - 1].score : INFINITY;
    for (size_t i = 1; i < answer->count; i++)
        if (answer->rows[i].score > answer->rows[i - 1].score) {
            snprintf(why, 160, "the best rows do not come first");
            return false;
        }
    for (int c = 0; c < (int)check->world->spec->content_count; c++) {
        const struct model_row *row = &state->rows[c];
        char title[32];
        snprintf(title, sizeof title, "Title %d", row->fields.title);
        int place = place_of(check, answer, c);
        bool match = matches(reader->spec, row);
        matching += match;
        known += place >= 0;
        double score = match ? score_of(check, state, c) : 0;
        if (place >= 0 && (!match || answer->rows[place].words != row->fields.words ||
                           strcmp(answer->rows[place].title, title) != 0 ||
                           fabs(answer->rows[place].score - score) > SCORE_TOLERANCE)) {
            snprintf(why, 160, "%s is not so, or should not be there", name_of(check, c));
            return false;
        }
        if (place < 0 && match && answer->count < limit) {
            snprintf(why, 160, "%s is missing", name_of(check, c));
            return false;
        }
        if (place < 0 && match && score > last + SCORE_TOLERANCE &&
            !changed_since(check, reader->first_state, state_index, c)) {
            snprintf(why, 160, "%s is missing, and better than the last", name_of(check, c));
            return false;
        }
    }
    bool fits = known == answer->count && answer->count == (matching < limit ? matching : limit);
    if (!fits)
        snprintf(why, 160, "%zu rows match", matching);
    return fits;
}

static void describe_answer(const struct check *check, const struct session_answer *answer,
                            char *ret, size_t size)
{
    size_t length = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < answer->count && length < size; i++) {
        int content = (int)(answer->rows[i].content_id - check->world->first_id);
        bool known = content >= 0 && (size_t)content < check->world->spec->content_count;
        length += (size_t)snprintf(ret + length, size - length, " %s (\"%s\", words %lld, %.4f)",
                                   known ? name_of(check, content) : "?", answer->rows[i].title,
                                   (long long)answer->rows[i].words, answer->rows[i].score);
    }
    if (answer->count == 0)
        snprintf(ret, size, " nothing");
}

bool check_answer(struct check *check, const struct session *reader)
{
    const struct session_answer *answer = &reader->answer;
    const char *name = reader->spec->name;
    char why[160] = "", rows[512];
    if (!answer->complete)
        return fail(check, "expected: %s gets a complete answer\nthere: %s", name, answer->reason);
    if (answer->degraded && !reader->spec->may_degrade)
        return fail(check, "expected: %s need not degrade\nthere: %s", name, answer->reason);
    for (size_t s = reader->first_state; s < check->model->count; s++)
        if (answer_fits(check, reader, s, why))
            return true;
    describe_answer(check, answer, rows, sizeof rows);
    return fail(
        check,
        "expected: the answer of %s fits one of the states %zu to %zu that the contents were "
        "in meanwhile\nthere:%s; in the last of them %s",
        name, reader->first_state, check->model->count - 1, rows, why);
}

// --- the end ------------------------------------------------------------------------------------

// What `grove sync` does, hours later.
static enum grove_code sync(struct check *check, struct world_outbox *ret_left,
                            struct grove_error *error)
{
    struct world *world = check->world;
    enum grove_code code = GROVE_OK;
    if (world->lost)
        code = projector_prepare(&world->store, NULL, error);
    if (code == GROVE_OK && world->lost)
        code = projector_refill(&world->store, NULL, error);
    if (code == GROVE_OK)
        code = world_read_outbox(world, ret_left, error);
    if (code == GROVE_OK && ret_left->dead > 0)
        code = projector_revive(&world->store, NULL, error);
    for (int round = 0; code == GROVE_OK && ret_left->pending > 0 && round < SYNC_STEPS_MAX;
         round++) {
        struct projector_report report = {0};
        bool idle;
        code = world_all_due(world, error);
        if (code == GROVE_OK)
            code = projector_step(&world->store, NULL, &report, &idle, error);
        if (code == GROVE_OK)
            code = world_read_outbox(world, ret_left, error);
    }
    return code;
}

bool check_end(struct check *check)
{
    struct world *world = check->world;
    struct world_outbox left;
    struct grove_error error;
    size_t exist = 0;
    check->ending = true;
    fake_engine_clear_faults(world->fake);
    fake_engine_settle(world->fake);
    enum grove_code code = sync(check, &left, &error);
    // Rows that wait, and have points, may have hidden from the first that others have none.
    if (code == GROVE_OK && world->lost)
        code = sync(check, &left, &error);
    if (code != GROVE_OK)
        return fail(check, "expected: all is projected in the end\nthere: %s", error.message);
    if (left.pending > 0)
        return fail(check,
                    "expected: the outbox is empty after %d steps of a projector\n"
                    "there: %lld rows, and they never will be projected",
                    SYNC_STEPS_MAX, (long long)left.pending);
    world->lost = world->lost_written = false;
    if (!check_moment(check))
        return false;
    for (size_t i = 0; i < world->spec->content_count; i++)
        exist += model_now(check->model)->rows[i].exists;
    if (fake_engine_points(world->fake) != exist)
        return fail(check, "expected: %zu points in the engine\nthere: %zu", exist,
                    fake_engine_points(world->fake));
    code = outbox_check(&world->store, &error);
    if (code == GROVE_OK)
        code = outbox_check_projection(&world->store, &error);
    return code == GROVE_OK || fail(check,
                                    "expected: both stores keep sql/README.md's invariants\n"
                                    "there: %s: %s",
                                    error.message, error.detail);
}
