// SPDX-License-Identifier: Apache-2.0
//
// Loading files: lines become records, records batches, each batch one transaction.
//
// In strict mode everything is read twice: first only checked, so that the first bad line ends the
// load before anything was written.
#include "content/load.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "catalog/assets.h"
#include "content/batch.h"
#include "content/reader.h"
#include "content/seen.h"
#include "content/trees.h"

struct load {
    struct store *store;
    struct call *call;
    const struct grove_load_request *request;
    struct grove_load_progress *progress;
    int64_t started_us;
    int64_t bytes_before; // of the files that are done
    bool checking;        // the first of two passes: nothing is written
    size_t file;          // its index in the request
    struct reader *reader;
    struct record_trees trees;
    struct arena trees_arena;
    struct seen seen;
    struct batch *batch;
};

static void report_progress(struct load *load)
{
    struct grove_load_progress *progress = load->progress;
    progress->seconds = (double)(clock_monotonic_us() - load->started_us) / 1e6;
    progress->bytes_read = load->bytes_before + (load->reader ? reader_position(load->reader) : 0);
    if (load->request->on_progress)
        load->request->on_progress(load->request->state, progress);
}

static enum grove_code check_cancelled(const struct load *load, struct grove_error *error)
{
    enum grove_code code = call_check(load->call, error);
    if (code != GROVE_OK)
        error_hint(error, "what was loaded stays; the same command again goes on from there");
    return code;
}

static enum grove_code flush(struct load *load, struct grove_error *error)
{
    if (load->batch->count == 0)
        return GROVE_OK;
    long long first = (long long)(load->progress->rows_read - (int64_t)load->batch->count + 1);
    enum grove_code code = batch_write(load->batch, load->progress, error);
    report_progress(load);
    if (code != GROVE_OK)
        error_context(error, "loading rows %lld to %lld, up to line %lld of \"%s\"", first,
                      (long long)load->progress->rows_read, (long long)load->reader->line_number,
                      load->reader->name);
    return code == GROVE_OK ? check_cancelled(load, error) : code;
}

// --- lines ---------------------------------------------------------------------------------------

static enum grove_code bad_line(struct load *load, const struct record_problem *problem,
                                struct grove_error *error)
{
    const struct grove_bad_line bad = {
        .file = load->reader->name,
        .line = load->reader->line_number,
        .field = problem->field,
        .reason = problem->reason,
    };
    load->progress->rows_bad++;
    if (!load->request->strict) {
        if (load->request->on_bad_line)
            load->request->on_bad_line(load->request->state, &bad);
        return GROVE_OK;
    }
    error_set(error, GROVE_INVALID, "%s:%lld: %s%s%s", bad.file, (long long)bad.line, bad.field,
              bad.field[0] ? ": " : "", bad.reason);
    error_hint(error, load->checking ? "nothing was loaded; mend the line, or leave out --strict "
                                       "to load the good ones"
                                     : "the file changed while it was loaded");
    return GROVE_INVALID;
}

static enum grove_code check_duplicate(struct load *load, const struct record *record,
                                       bool *ret_duplicate, struct grove_error *error)
{
    unsigned char key[16];
    const struct seen_entry *earlier;
    record_key(record, key);
    int64_t number = load->reader->line_number;
    uint32_t line = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
    enum grove_code code = seen_add(&load->seen, key, (uint32_t)load->file, line, &earlier, error);
    if (code != GROVE_OK)
        return code;
    *ret_duplicate = earlier != NULL;
    if (!earlier)
        return GROVE_OK;
    struct record_problem problem = {.field = ""};
    snprintf(problem.reason, sizeof problem.reason,
             "duplicate of %s:%u (tree, branch, limb, leaf, content_type and chunk_number)",
             load->request->files[earlier->file], earlier->line);
    return bad_line(load, &problem, error);
}

static enum grove_code take_line(struct load *load, struct text line, struct grove_error *error)
{
    struct batch *batch = load->batch;
    struct record *record = &batch->records[batch->count];
    struct record_problem problem;
    switch (record_parse(line, &load->trees, &batch->arena, record, &problem)) {
    case RECORD_NO_MEMORY: return error_no_memory(error, "a line");
    case RECORD_BAD: return bad_line(load, &problem, error);
    case RECORD_GOOD: break;
    }
    bool duplicate;
    enum grove_code code = check_duplicate(load, record, &duplicate, error);
    if (code != GROVE_OK || duplicate)
        return code;
    if (load->checking) {
        arena_clear(&batch->arena);
        return GROVE_OK;
    }
    load->progress->rows_read++;
    batch->count++;
    return batch_full(batch) ? flush(load, error) : GROVE_OK;
}

static enum grove_code read_line(struct load *load, struct text *ret_line, bool *ret_too_long,
                                 struct grove_error *error)
{
    int64_t start_us = clock_monotonic_us();
    enum grove_code code = reader_next(load->reader, ret_line, ret_too_long, error);
    load->progress->seconds_reading += (double)(clock_monotonic_us() - start_us) / 1e6;
    return code;
}

static enum grove_code read_lines(struct load *load, struct grove_error *error)
{
    struct text line;
    bool too_long;
    for (;;) {
        enum grove_code code = read_line(load, &line, &too_long, error);
        if (code != GROVE_OK || !line.data)
            return code;
        if (too_long) {
            struct record_problem problem = {.field = ""};
            snprintf(problem.reason, sizeof problem.reason, "longer than %d bytes",
                     READER_LINE_BYTES_MAX);
            code = bad_line(load, &problem, error);
        } else if (text_trim(line).length > 0) {
            code = take_line(load, line, error);
        }
        if (code == GROVE_OK && load->reader->line_number % 1024 == 0)
            code = check_cancelled(load, error);
        if (code != GROVE_OK)
            return code;
    }
}

// --- files ---------------------------------------------------------------------------------------

static enum grove_code read_files(struct load *load, struct reader *readers,
                                  struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    load->bytes_before = 0;
    for (size_t i = 0; code == GROVE_OK && i < load->request->file_count; i++) {
        load->file = i;
        load->reader = &readers[i];
        code = read_lines(load, error);
        if (code == GROVE_OK && !load->checking)
            code = flush(load, error); // so that an error names one file
        if (code == GROVE_OK) {
            load->bytes_before += readers[i].bytes_total;
            load->reader = NULL;
        }
    }
    return code;
}

static enum grove_code load_readers(struct load *load, struct reader *readers,
                                    struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    if (load->request->strict) {
        load->checking = true;
        code = read_files(load, readers, error);
        load->checking = false;
        seen_clear(&load->seen);
        for (size_t i = 0; code == GROVE_OK && i < load->request->file_count; i++)
            code = reader_rewind(&readers[i], error);
    }
    return code == GROVE_OK ? read_files(load, readers, error) : code;
}

static enum grove_code open_and_load(struct load *load, struct grove_error *error)
{
    size_t count = load->request->file_count, opened = 0;
    struct reader *readers = mem_alloc_array(count, sizeof *readers);
    if (!readers)
        return error_no_memory(error, "files");
    enum grove_code code = GROVE_OK;
    // All are opened first: a wrong name is found before anything is written.
    for (; code == GROVE_OK && opened < count; opened += code == GROVE_OK)
        code = reader_open(load->request->files[opened], load->request->strict, &readers[opened],
                           error);
    for (size_t i = 0; i < opened; i++)
        load->progress->bytes_total += readers[i].bytes_total;
    if (code == GROVE_OK)
        code = load_readers(load, readers, error);
    report_progress(load);
    load->reader = NULL;
    for (size_t i = 0; i < opened; i++)
        reader_close(&readers[i]);
    mem_free(readers);
    return code;
}

enum grove_code load_files(struct store *store, struct call *call,
                           const struct grove_load_request *request,
                           struct grove_load_progress *ret, struct grove_error *error)
{
    *ret = (struct grove_load_progress){0};
    struct load load = {.store = store,
                        .call = call,
                        .request = request,
                        .progress = ret,
                        .started_us = clock_monotonic_us()};
    if (request->file_count == 0)
        return error_set(error, GROVE_INVALID, "no file to load");
    struct batch *batch = mem_alloc(sizeof *batch);
    if (!batch)
        return error_no_memory(error, "a batch of rows");
    batch_init(batch, store, call, "supplied");
    load.batch = batch;
    seen_init(&load.seen);
    enum grove_code code = trees_read(store, call, &load.trees_arena, &load.trees, error);
    if (code == GROVE_OK) {
        code = open_and_load(&load, error);
        arena_release(&load.trees_arena);
    }
    seen_release(&load.seen);
    batch_release(batch);
    mem_free(batch);
    return code;
}
