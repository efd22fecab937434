// SPDX-License-Identifier: Apache-2.0
//
// Loading files, or the rows of a query: lines become records, records batches, each batch one
// transaction.
//
// In strict mode everything is read twice: first only checked, so that the first bad line ends the
// load before anything was written.
#include "content/load.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"
#include "catalog/assets.h"
#include "content/batch.h"
#include "content/document.h"
#include "content/query_rows.h"
#include "content/reader.h"
#include "content/seen.h"
#include "content/trees.h"

enum {
    REPORT_EVERY_US = 100000,
    // A batch is what comes within BATCH_SECONDS, and no more contents without a vector than are
    // embedded in that time. So there is progress to be seen, and a load that is to stop stops
    // soon.
    EMBED_ROWS_FIRST = 32,
    EMBED_ROWS_LEAST = 16,
    EMBED_ROWS_MOST = 256,
    BATCH_SECONDS = 1,
    LINE_BYTES_MAX = 16 << 20, // of the texts of one record
    // While the engine writes one batch PostgreSQL is asked for another, or told of it. Of those
    // that are embedded, which takes all processors, one is under way.
    FLIGHTS_MAX = 2,
    FOLDED_ROWS = 1000, // inserted by one load: counts are folded at its end
    DESCRIBED_BYTES_MAX = 64 << 10,
    KEY_SHOWN = 64, // bytes
    BAD_REASON_SIZE = RECORD_REASON_SIZE + KEY_SHOWN + 32,
};

// A batch that is being projected.
struct flight {
    struct projecting projecting;
    int64_t from, to; // lines
};

struct load {
    struct store *store;
    const struct grove_load_request *request;
    struct call *call;
    struct grove_load_progress *progress;
    int64_t started_us, reported_us;
    struct inputs inputs;
    size_t file;           // its index
    struct reader reader;  // of that file
    bool reading;          // the reader is open
    bool broken;           // what is wrong is the input; the lines before that are good
    int64_t bytes_before;  // of the files that are done
    int64_t bytes_written; // of this one, of the lines that are done
    struct record_trees trees;
    struct arena trees_arena;
    struct mapping mapping;  // of a table's columns
    struct import_form form; // NULL in its mapping: the lines are records
    bool described;
    struct query_rows query; // whose rows are loaded; else without a connection
    struct text row_key;     // of the row of it at hand
    int64_t lines_taken;
    struct seen seen;
    struct arena line_arena; // of the record at hand; emptied with every line
    struct documents *documents;
    struct batch *batch;
    int64_t batch_line, batch_began_us; // of its first record
    size_t to_embed;                    // records in it without a vector
    size_t to_embed_max;
    struct flight flights[FLIGHTS_MAX]; // the oldest first
    size_t flight_count;
};

static void report_progress(struct load *load)
{
    struct grove_load_progress *progress = load->progress;
    load->reported_us = clock_monotonic_us();
    progress->seconds = (double)(load->reported_us - load->started_us) / 1e6;
    if (load->batch->count == 0 && load->reading)
        load->bytes_written = reader_position(&load->reader);
    progress->bytes_read = load->bytes_before + load->bytes_written;
    if (load->request->on_progress)
        load->request->on_progress(load->request->state, progress);
}

static enum grove_code check_call(const struct load *load, struct grove_error *error)
{
    enum grove_code code = call_check(load->call, error);
    if (code == GROVE_CANCELLED)
        error_hint(error, "what was loaded stays; the same command again goes on from there");
    return code;
}

static bool asks_query(const struct grove_load_request *request)
{
    return request->import && request->import->query;
}

static const char *unit(const struct load *load)
{
    return load->reader.query ? "row" : "line";
}

// --- batches -------------------------------------------------------------------------------------

// Of a batch that took so long to embed.
static void choose_size(struct load *load, int64_t rows, double seconds)
{
    const double most = EMBED_ROWS_MOST, least = EMBED_ROWS_LEAST, seconds_of_batch = BATCH_SECONDS;
    double wanted = rows > 0 && seconds > 0 ? seconds_of_batch * (double)rows / seconds : most;
    load->to_embed_max = (size_t)(wanted >= most ? most : wanted <= least ? least : wanted);
}

static enum grove_code explain(const struct load *load, int64_t from, int64_t to,
                               struct grove_error *error)
{
    trees_explain_removal(load->store, load->call, &load->trees, error);
    error_context(error, "loading %ss %lld to %lld of \"%s\"", unit(load), (long long)from,
                  (long long)to, load->reader.name);
    return error->code;
}

// Waits for the oldest of the batches that are being projected.
static enum grove_code end_flight(struct load *load, struct grove_error *error)
{
    struct grove_load_progress *progress = load->progress;
    int64_t embedded = progress->rows_embedded;
    double seconds = progress->seconds_embedding;
    struct flight flight = load->flights[0];
    CHECK(load->flight_count > 0);
    enum grove_code code = project_end(&flight.projecting, progress, error);
    load->flight_count--;
    for (size_t i = 0; i < load->flight_count; i++)
        load->flights[i] = load->flights[i + 1];
    // One load has so much patience, however many batches take of it.
    if (flight.projecting.patience_ms < load->batch->projecting.patience_ms)
        load->batch->projecting.patience_ms = flight.projecting.patience_ms;
    choose_size(load, progress->rows_embedded - embedded, progress->seconds_embedding - seconds);
    return code == GROVE_OK ? GROVE_OK : explain(load, flight.from, flight.to, error);
}

// Until no more than so many are under way.
static enum grove_code end_flights(struct load *load, size_t left, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    while (code == GROVE_OK && load->flight_count > left)
        code = end_flight(load, error);
    return code;
}

// While batches are projected the next is read, and written to PostgreSQL.
static enum grove_code flush_contents(struct load *load, struct grove_error *error)
{
    struct batch *batch = load->batch;
    bool embeds = load->to_embed > 0;
    size_t count;
    if (batch->count == 0)
        return GROVE_OK;
    enum grove_code code = batch_commit(batch, load->progress, &count, error);
    load->to_embed = 0;
    report_progress(load);
    if (code != GROVE_OK)
        return explain(load, load->batch_line, load->reader.line_number, error);
    code = end_flights(load, embeds ? 0 : FLIGHTS_MAX - 1, error);
    if (code != GROVE_OK)
        return code;
    struct flight *flight = &load->flights[load->flight_count];
    *flight = (struct flight){batch->projecting, load->batch_line, load->reader.line_number};
    code = project_begin(&flight->projecting, batch->content_ids, count, error);
    load->flight_count += code == GROVE_OK;
    return code == GROVE_OK ? check_call(load, error) : code;
}

static enum grove_code flush(struct load *load, struct grove_error *error)
{
    enum grove_code code = documents_flush(load->documents, load->progress, error);
    if (code == GROVE_OK)
        code = flush_contents(load, error);
    if (code == GROVE_OK)
        code = end_flights(load, 0, error);
    report_progress(load);
    return code == GROVE_OK ? check_call(load, error) : code;
}

// After the lines before it: what these have taken, numbers say, it does not take.
static enum grove_code write_document(struct load *load, const struct record *record,
                                      struct grove_error *error)
{
    enum grove_code code = flush_contents(load, error);
    if (code != GROVE_OK)
        return code;
    code = documents_write(load->documents, record, load->progress, error);
    if (code != GROVE_OK) {
        trees_explain_removal(load->store, load->call, &load->trees, error);
        error_context(error, "loading %s %lld of \"%s\"", unit(load),
                      (long long)load->reader.line_number, load->reader.name);
    }
    return code == GROVE_OK ? check_call(load, error) : error->code;
}

// Whoever writes rows into a pipe one by one finds them soon.
static enum grove_code write_in_time(void *state, struct grove_error *error)
{
    struct load *load = state;
    int64_t waited_us = clock_monotonic_us() - load->batch_began_us;
    bool due = load->batch->count > 0 && waited_us >= (int64_t)BATCH_SECONDS * 1000000;
    return due ? flush_contents(load, error) : GROVE_OK;
}

static enum grove_code add_to_batch(struct load *load, const struct record *record,
                                    struct grove_error *error)
{
    struct batch *batch = load->batch;
    if (record->document.data)
        return write_document(load, record, error);
    if (!record_copy(record, &batch->arena, &batch->records[batch->count]))
        return error_no_memory(error, "a line");
    if (batch->count++ == 0) {
        load->batch_line = load->reader.line_number;
        load->batch_began_us = clock_monotonic_us();
    }
    load->to_embed += !record->vector;
    return batch_full(batch) || load->to_embed >= load->to_embed_max ? flush_contents(load, error)
                                                                     : GROVE_OK;
}

// --- lines ---------------------------------------------------------------------------------------

// The number of a query's row says little: the next run may have another order.
static const char *name_row(const struct load *load, const struct record_problem *problem,
                            char reason[static BAD_REASON_SIZE])
{
    struct text key = load->row_key;
    if (!key.data)
        return problem->reason;
    key.length = key.length < KEY_SHOWN ? key.length : KEY_SHOWN;
    key.length = text_utf8_error(key); // no half of a character
    snprintf(reason, BAD_REASON_SIZE, "%s; its key is \"%.*s%s\"", problem->reason, TEXT_ARGS(key),
             key.length < load->row_key.length ? "..." : "");
    return reason;
}

static enum grove_code bad_line(struct load *load, const struct record_problem *problem,
                                struct grove_error *error)
{
    char reason[BAD_REASON_SIZE];
    const struct grove_bad_line bad = {
        .file = load->reader.name,
        .line = load->reader.line_number,
        .field =
            load->form.mapping ? mapping_name(load->form.mapping, problem->field) : problem->field,
        .reason = name_row(load, problem, reason),
    };
    load->progress->rows_read++;
    load->progress->rows_bad++;
    if (!load->request->strict) {
        if (load->request->on_bad_line)
            load->request->on_bad_line(load->request->state, &bad);
        return GROVE_OK;
    }
    error_set(error, GROVE_INVALID, "%s:%lld: %s%s%s", bad.file, (long long)bad.line, bad.field,
              bad.field[0] ? ": " : "", bad.reason);
    if (load->progress->checking)
        error_hint(error,
                   "nothing was loaded; mend the %s, or leave out --strict to load the good ones",
                   unit(load));
    else
        error_hint(error, "%s",
                   load->reader.query ? "the query's rows are not the same each time"
                                      : "the file changed while it was loaded");
    return GROVE_INVALID;
}

static enum grove_code check_duplicate(struct load *load, const struct record *record,
                                       bool *ret_duplicate, struct grove_error *error)
{
    unsigned char key[16];
    const struct seen_entry *earlier;
    record_key(record, key);
    int64_t number = load->reader.line_number;
    uint32_t line = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
    enum grove_code code = seen_add(&load->seen, key, (uint32_t)load->file, line, &earlier, error);
    if (code != GROVE_OK)
        return code;
    *ret_duplicate = earlier != NULL;
    if (!earlier)
        return GROVE_OK;
    struct record_problem problem = {.field = ""};
    // In one file it is mostly rows that are meant to be several; in two, the same file twice.
    const char *several =
        earlier->file != (uint32_t)load->file || record->document.data ? ""
        : load->form.mapping
            ? "; with --key COLUMN each row is a document, --chunk COLUMN numbers rows of one place"
            : "; give each row a chunk_number: where it is missing it is 1";
    snprintf(problem.reason, sizeof problem.reason, "duplicate of %.200s:%u (%s)%s",
             load->inputs.items[earlier->file].name, earlier->line,
             record->document.data ? "source and document"
                                   : "tree, branch, limb, leaf, content_type and chunk_number",
             several);
    return bad_line(load, &problem, error);
}

// The input ends within a line. That is no bad line: what is lost may be more than this one.
static enum grove_code end_within_line(struct load *load, struct grove_error *error)
{
    const struct grove_error *failure = &load->reader.source.failure;
    long long line = load->reader.line_number;
    load->broken = true;
    if (failure->code == GROVE_OK)
        return error_set(error, GROVE_CORRUPT, "\"%s\" ends in the middle of line %lld",
                         load->reader.name, line);
    *error = *failure;
    error_context(error, "in line %lld", line);
    return error->code;
}

static enum grove_code take_record(struct load *load, const struct reader_line *line,
                                   struct grove_error *error)
{
    struct record record;
    struct record_problem problem;
    switch (record_parse(line->text, &load->trees, &load->line_arena, &record, &problem)) {
    case RECORD_NO_MEMORY: return error_no_memory(error, "a line");
    case RECORD_BAD:
        if (problem.cut && !line->whole)
            return end_within_line(load, error);
        return bad_line(load, &problem, error);
    case RECORD_GOOD: break;
    }
    bool duplicate;
    enum grove_code code = check_duplicate(load, &record, &duplicate, error);
    if (code != GROVE_OK || duplicate)
        return code;
    load->progress->rows_read++;
    return load->progress->checking ? GROVE_OK : add_to_batch(load, &record, error);
}

static enum grove_code take_line(struct load *load, const struct reader_line *line,
                                 struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    load->row_key = line->key;
    if (line->bytes > READER_LINE_BYTES_MAX) {
        struct record_problem problem = {.field = ""};
        snprintf(problem.reason, sizeof problem.reason, "%lld bytes, at most %d",
                 (long long)line->bytes, READER_LINE_BYTES_MAX);
        code = bad_line(load, &problem, error);
    } else if (line->problem) {
        struct record_problem problem = {.field = line->column};
        snprintf(problem.reason, sizeof problem.reason, "%s", line->problem);
        code = bad_line(load, &problem, error);
    } else if (text_trim(line->text).length > 0) {
        code = take_record(load, line, error);
    }
    arena_clear(&load->line_arena);
    if (code == GROVE_OK && ++load->lines_taken % 1024 == 0)
        code = check_call(load, error);
    return code;
}

static enum grove_code read_line(struct load *load, struct reader_line *ret,
                                 struct grove_error *error)
{
    int64_t start_us = clock_monotonic_us();
    enum grove_code code = reader_next(&load->reader, load->call, ret, error);
    load->progress->seconds_reading += (double)(clock_monotonic_us() - start_us) / 1e6;
    load->broken = code != GROVE_OK && load->reader.source.failure.code == code;
    if (load->broken)
        error_context(error, "after %s %lld", unit(load), (long long)load->reader.line_number);
    return code;
}

static enum grove_code read_lines(struct load *load, struct grove_error *error)
{
    for (;;) {
        struct reader_line line;
        enum grove_code code = read_line(load, &line, error);
        if (code == GROVE_OK && line.number > 0)
            code = take_line(load, &line, error);
        if (code != GROVE_OK || line.number == 0)
            return code;
        if (clock_monotonic_us() - load->reported_us >= REPORT_EVERY_US)
            report_progress(load);
    }
}

// --- files ---------------------------------------------------------------------------------------

// Once: which columns there are is known from the first file on.
static void describe(struct load *load)
{
    struct strbuf described;
    load->described = true;
    if (!load->request->on_columns)
        return;
    strbuf_init(&described, DESCRIBED_BYTES_MAX);
    mapping_describe(&load->mapping, &described);
    load->request->on_columns(load->request->state, described.data);
    strbuf_release(&described);
}

static enum grove_code open_reader(struct load *load, size_t file, struct grove_error *error)
{
    const struct import_form *form = load->form.mapping ? &load->form : NULL;
    enum grove_code code =
        reader_open(&load->reader, &load->inputs.items[file], form, load->call, error);
    load->file = file;
    load->reading = code == GROVE_OK;
    load->bytes_written = 0;
    if (!load->reading)
        return code;
    load->reader.source.on_wait = write_in_time;
    load->reader.source.state = load;
    if (form && !load->described)
        describe(load);
    return GROVE_OK;
}

static void close_reader(struct load *load)
{
    if (load->reading)
        reader_close(&load->reader);
    load->reading = false;
}

// The lines before the input broke off are good, so they are written before that is told.
static enum grove_code keep_good_lines(struct load *load, struct grove_error *error)
{
    struct grove_error flushing;
    enum grove_code code = error->code;
    bool query = load->reader.query;
    if (load->request->strict) {
        error_hint(error, "%s; %s",
                   load->progress->checking ? "nothing was loaded"
                                            : "it changed while it was loaded",
                   query ? "run it again" : "get the file again");
        return code;
    }
    if (flush(load, &flushing) != GROVE_OK) {
        error_detail(error, "of the lines before, the last were not loaded: %s", flushing.message);
        return code;
    }
    error_hint(error,
               "the good %ss before that are loaded; %s: what is there already stays as it is",
               unit(load), query ? "run it again" : "get the file again, and load it");
    return code;
}

static enum grove_code read_file(struct load *load, size_t file, struct grove_error *error)
{
    enum grove_code code = open_reader(load, file, error);
    if (code != GROVE_OK)
        return code;
    code = read_lines(load, error);
    if (code != GROVE_OK && load->broken)
        code = keep_good_lines(load, error);
    else if (code == GROVE_OK && !load->progress->checking)
        code = flush(load, error); // so that an error names one file
    if (code == GROVE_OK) {
        load->bytes_before += load->reader.source.bytes_read;
        load->bytes_written = 0;
    }
    close_reader(load);
    return code;
}

static enum grove_code read_files(struct load *load, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    load->bytes_before = load->bytes_written = 0;
    for (size_t i = 0; code == GROVE_OK && i < load->inputs.count; i++)
        code = read_file(load, i, error);
    return code;
}

// What is no JSON Lines is found before anything is written. A pipe is judged when its turn comes.
static enum grove_code judge_files(struct load *load, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    for (size_t i = 0; code == GROVE_OK && i < load->inputs.count; i++) {
        if (!S_ISREG(load->inputs.items[i].status.st_mode))
            continue;
        code = open_reader(load, i, error);
        close_reader(load);
    }
    return code;
}

static enum grove_code check_files(struct load *load, struct grove_error *error)
{
    load->progress->checking = true;
    enum grove_code code = read_files(load, error);
    report_progress(load);
    seen_clear(&load->seen);
    for (size_t i = 0; code == GROVE_OK && i < load->inputs.count; i++)
        if (!input_is_unchanged(&load->inputs.items[i])) {
            code = error_set(error, GROVE_CONFLICT, "\"%s\" changed while it was checked",
                             load->inputs.items[i].name);
            error_hint(error, "nothing was loaded; load it again once nobody writes to it");
        }
    if (code == GROVE_OK) {
        load->progress->checking = false;
        load->progress->rows_read = 0;
    }
    return code;
}

static enum grove_code load_inputs(struct load *load, struct grove_error *error)
{
    enum grove_code code = judge_files(load, error);
    load->progress->bytes_total = load->inputs.bytes;
    report_progress(load);
    if (code == GROVE_OK && load->request->strict)
        code = check_files(load, error);
    if (code == GROVE_OK)
        code = read_files(load, error);
    report_progress(load);
    return code;
}

static enum grove_code prepare_inputs(struct load *load, struct grove_error *error)
{
    const struct grove_load_request *request = load->request;
    const struct text rows = {request->rows, request->rows_bytes};
    if (rows.data)
        return inputs_of_memory(rows, &load->inputs, error);
    if (!asks_query(request))
        return inputs_open(request->files, request->file_count, request->strict, load->call,
                           &load->inputs, error);
    const struct query_text query = {request->import->query, request->import->from};
    enum grove_code code = query_rows_open(&load->query, load->store, &query, load->call, error);
    return code == GROVE_OK ? inputs_of_query(&load->query, &load->inputs, error) : code;
}

static enum grove_code open_and_load(struct load *load, struct grove_error *error)
{
    enum grove_code code = prepare_inputs(load, error);
    if (code == GROVE_OK) {
        seen_init(&load->seen);
        arena_init(&load->line_arena, LINE_BYTES_MAX);
        code = load_inputs(load, error);
        arena_release(&load->line_arena);
        seen_release(&load->seen);
        inputs_release(&load->inputs);
    }
    query_rows_close(&load->query);
    return code;
}

// A tree that no row can be in is told once.
static enum grove_code check_tree(const struct load *load, struct grove_error *error)
{
    struct text tree = load->form.mapping ? mapping_tree(load->form.mapping) : (struct text){0};
    for (size_t i = 0; i < load->trees.count; i++)
        if (!tree.data || text_equal(tree, load->trees.items[i].tree))
            return GROVE_OK;
    error_set(error, GROVE_NOT_FOUND, "--path: there is no tree \"%.*s\"", TEXT_ARGS(tree));
    error_hint(error, "\"grove subject add %.*s\" makes it; \"grove ls\" lists those there are",
               TEXT_ARGS(tree));
    return GROVE_NOT_FOUND;
}

// Each batch has left a count of its own for each leaf: who browses would add them up until some
// projector is at work a minute later. That it does not succeed is no matter.
static void fold_counts(struct load *load)
{
    struct grove_error ignored;
    struct pg_rows rows;
    struct arena arena;
    CHECK(load->store);
    CHECK(load->flight_count == 0);
    arena_init(&arena, 1 << 16);
    (void)!store_query(load->store, load->call, &arena, "fold_counts.sql", NULL, &rows, &ignored);
    arena_release(&arena);
}

static enum grove_code load_with_batch(struct load *load, struct grove_error *error)
{
    load->batch = mem_alloc(sizeof *load->batch);
    load->documents = mem_alloc(sizeof *load->documents);
    if (!load->batch || !load->documents) {
        mem_free(load->batch);
        mem_free(load->documents);
        return error_no_memory(error, "a batch of rows");
    }
    documents_init(load->documents, load->store, load->call);
    load->documents->keeps_trees = load->form.mapping && mapping_tree(load->form.mapping).data;
    batch_init(load->batch, load->store, load->call, "supplied");
    enum grove_code code =
        trees_read(load->store, load->call, &load->trees_arena, &load->trees, error);
    if (code == GROVE_OK) {
        code = check_tree(load, error);
        if (code == GROVE_OK)
            code = open_and_load(load, error);
        arena_release(&load->trees_arena);
    }
    struct grove_error late; // of what was under way when something else ended the load
    CHECK(code != GROVE_OK || load->flight_count == 0);
    while (load->flight_count > 0)
        (void)!end_flight(load, &late);
    if (load->progress->rows_inserted >= FOLDED_ROWS)
        fold_counts(load);
    batch_release(load->batch);
    mem_free(load->batch);
    mem_free(load->documents);
    return code;
}

static enum grove_code check_request(const struct grove_load_request *request,
                                     struct grove_error *error)
{
    int given = (request->file_count > 0) + (request->rows != NULL) + asks_query(request);
    if (given == 0)
        return error_set(error, GROVE_INVALID, "no file to load");
    if (given > 1)
        return error_set(error, GROVE_INVALID,
                         "files, rows in memory or a query are loaded, not several of them");
    if (request->import && request->import->from && !asks_query(request))
        return error_set(error, GROVE_INVALID, "--from says where a query is run; there is none");
    return GROVE_OK;
}

enum grove_code load_files(struct store *store, struct call *call,
                           const struct grove_load_request *request,
                           struct grove_load_progress *ret, struct grove_error *error)
{
    const struct grove_import *import = request->import;
    *ret = (struct grove_load_progress){0};
    if (call)
        call->patient = true;
    struct load load = {.store = store,
                        .request = request,
                        .call = call,
                        .progress = ret,
                        .started_us = clock_monotonic_us(),
                        .to_embed_max = EMBED_ROWS_FIRST};
    enum grove_code code = check_request(request, error);
    if (code != GROVE_OK)
        return code;
    if (!import)
        return load_with_batch(&load, error);
    code = mapping_init(&load.mapping, import, error);
    if (code != GROVE_OK)
        return code;
    load.form = (struct import_form){&load.mapping, import->format, import->separator};
    code = load_with_batch(&load, error);
    mapping_release(&load.mapping);
    return code;
}
