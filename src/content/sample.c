// SPDX-License-Identifier: Apache-2.0
//
// The samples: that of the specification, from data/leaves.jsonl and data/sample.jsonl, and that of
// the subject Science, from data/science_leaves.jsonl and data/science.jsonl. All four are part of
// the library. A sample is one batch, so one transaction and one upsert.
#include "content/load.h"

#include <math.h>
#include <yyjson.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "content/batch.h"
#include "content/sample.h"
#include "content/trees.h"

struct text sample_file(const char *name)
{
    for (const struct asset *asset = sample_files; asset->name; asset++)
        if (strcmp(asset->name, name) == 0)
            return (struct text){asset->data, asset->size_bytes};
    CHECK(false); // the files are part of the library
    return (struct text){NULL, 0};
}

static enum grove_code bad_sample(const char *field, const char *reason, struct grove_error *error)
{
    return error_set(error, GROVE_INTERNAL, "the sample is broken: %s%s%s", field,
                     field[0] ? ": " : "", reason);
}

static struct text copy_field(struct batch *batch, yyjson_val *object, const char *name)
{
    struct text text = json_text(yyjson_obj_get(object, name));
    char *copy = text.data ? arena_copy(&batch->arena, text) : NULL;
    return (struct text){copy, copy ? text.length : 0};
}

static enum grove_code add_leaf(struct batch *batch, const struct record_trees *trees,
                                struct text line, struct grove_error *error)
{
    yyjson_doc *document =
        yyjson_read_opts((char *)(uintptr_t)line.data, line.length, 0, json_allocator(), NULL);
    if (!document)
        return error_no_memory(error, "the sample");
    yyjson_val *root = yyjson_doc_get_root(document);
    struct text tree = json_text(yyjson_obj_get(root, "tree"));
    struct batch_leaf leaf = {
        .branch = copy_field(batch, root, "branch"),
        .limb = copy_field(batch, root, "limb"),
        .leaf = copy_field(batch, root, "leaf"),
        .description = copy_field(batch, root, "description"),
    };
    for (size_t i = 0; i < trees->count; i++)
        if (text_equal(trees->items[i].tree, tree))
            leaf.tree = &trees->items[i];
    enum grove_code code = GROVE_OK;
    if (!leaf.branch.data || !leaf.limb.data || !leaf.leaf.data || !leaf.description.data)
        code = error_no_memory(error, "the sample");
    else if (!leaf.tree)
        code =
            error_set(error, GROVE_NOT_FOUND, "the database has no tree \"%.*s\"", TEXT_ARGS(tree));
    else
        batch_add_leaf(batch, &leaf);
    yyjson_doc_free(document);
    return code;
}

static enum grove_code add_record(struct batch *batch, const struct record_trees *trees,
                                  struct text line, struct grove_error *error)
{
    struct record_problem problem = {.field = ""};
    CHECK(batch->count < BATCH_ROWS_MAX);
    switch (record_parse(line, trees, &batch->arena, &batch->records[batch->count], &problem)) {
    case RECORD_NO_MEMORY: return error_no_memory(error, "the sample");
    case RECORD_BAD: return bad_sample(problem.field, problem.reason, error);
    case RECORD_GOOD: batch->count++; return GROVE_OK;
    }
    return GROVE_OK;
}

static enum grove_code add_lines(struct batch *batch, const struct record_trees *trees,
                                 const char *file,
                                 enum grove_code (*add)(struct batch *, const struct record_trees *,
                                                        struct text, struct grove_error *),
                                 struct grove_error *error)
{
    struct text rest = sample_file(file), line;
    enum grove_code code = GROVE_OK;
    while (code == GROVE_OK && text_split(&rest, '\n', &line))
        if (line.length > 0)
            code = add(batch, trees, line, error);
    return code;
}

// The vector that the specification names for its placeholder mode.
static void make_placeholder(float ret_vector[static RECORD_VECTOR_SIZE])
{
    for (int i = 0; i < RECORD_VECTOR_SIZE; i++)
        ret_vector[i] = (float)(round(i * 0.01 * 1000) / 1000);
}

// The files of a sample, and what its rows have for a vector; NULL: their texts are embedded.
struct sample {
    const char *leaves, *records;
    const float *vector;
};

static enum grove_code load_into(struct batch *batch, const struct record_trees *trees,
                                 const struct sample *sample, struct grove_load_progress *progress,
                                 struct grove_error *error)
{
    const float *vector = sample->vector;
    int64_t start_us = clock_monotonic_us();
    enum grove_code code = add_lines(batch, trees, sample->leaves, add_leaf, error);
    if (code == GROVE_OK)
        code = add_lines(batch, trees, sample->records, add_record, error);
    for (size_t i = 0; vector && i < batch->count; i++)
        batch->records[i].vector = vector;
    progress->rows_read = (int64_t)batch->count;
    if (code == GROVE_OK)
        code = batch_write(batch, progress, error);
    progress->seconds = (double)(clock_monotonic_us() - start_us) / 1e6;
    return code;
}

static enum grove_code load_files_of(struct store *store, struct call *call,
                                     const struct sample *sample, struct grove_load_progress *ret,
                                     struct grove_error *error)
{
    *ret = (struct grove_load_progress){0};
    struct batch *batch = mem_alloc(sizeof *batch);
    if (!batch)
        return error_no_memory(error, "a batch of rows");
    batch_init(batch, store, call, "placeholder");
    struct arena arena;
    struct record_trees trees;
    enum grove_code code = trees_read(store, call, &arena, &trees, error);
    if (code == GROVE_OK) {
        code = load_into(batch, &trees, sample, ret, error);
        if (code != GROVE_OK && trees_explain_removal(store, call, &trees, error))
            code = error->code;
        arena_release(&arena);
    }
    batch_release(batch);
    mem_free(batch);
    return code;
}

enum grove_code load_sample(struct store *store, struct call *call, bool placeholder_vectors,
                            struct grove_load_progress *ret, struct grove_error *error)
{
    float placeholder[RECORD_VECTOR_SIZE];
    make_placeholder(placeholder);
    const struct sample sample = {"leaves.jsonl", "sample.jsonl",
                                  placeholder_vectors ? placeholder : NULL};
    return load_files_of(store, call, &sample, ret, error);
}

enum grove_code load_science_sample(struct store *store, struct call *call,
                                    struct grove_load_progress *ret, struct grove_error *error)
{
    const struct sample sample = {"science_leaves.jsonl", "science.jsonl", NULL};
    return load_files_of(store, call, &sample, ret, error);
}
