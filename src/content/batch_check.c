// SPDX-License-Identifier: Apache-2.0
#include "content/batch.h"

#include <string.h>

#include "base/check.h"

static bool same_leaf(const struct batch_leaf *a, const struct batch_leaf *b)
{
    return a->tree == b->tree && text_equal(a->branch, b->branch) && text_equal(a->limb, b->limb) &&
           text_equal(a->leaf, b->leaf);
}

static const char *check_leaf(const struct batch *batch, size_t at)
{
    const struct batch_leaf *leaf = &batch->leaves[at];
    CHECK(at < batch->leaf_count);
    if (!leaf->tree || !leaf->branch.data || !leaf->limb.data || !leaf->leaf.data)
        return "a leaf has no tree, or a name is missing";
    for (size_t i = 0; i < at; i++)
        if (same_leaf(&batch->leaves[i], leaf))
            return "a leaf is there twice";
    return NULL;
}

static const char *check_record(const struct record *record)
{
    CHECK(record);
    if (!record->tree || !record->branch.data || !record->limb.data || !record->leaf.data)
        return "a record has no place in a tree";
    if (!record->content_type.data || !record->title.data || !record->summary.data)
        return "a record has no type, title or summary";
    if (record->chunk_number < 1 || record->word_count < 0)
        return "a record's chunk or words are out of their bounds";
    return NULL;
}

const char *batch_check(const struct batch *batch)
{
    CHECK(batch);
    if (!batch->store)
        return "the store is not there";
    if (!batch->origin ||
        (strcmp(batch->origin, "supplied") != 0 && strcmp(batch->origin, "placeholder") != 0))
        return "the origin of its vectors is none there is";
    if (batch->count > BATCH_ROWS_MAX || batch->leaf_count > BATCH_ROWS_MAX)
        return "more records or leaves than there is room for";
    const char *broken = NULL;
    for (size_t i = 0; !broken && i < batch->leaf_count; i++)
        broken = check_leaf(batch, i);
    for (size_t i = 0; !broken && i < batch->count; i++)
        broken = check_record(&batch->records[i]);
    return broken;
}

const char *batch_check_placed(const struct batch *batch)
{
    const char *broken = batch_check(batch);
    for (size_t i = 0; !broken && i < batch->count; i++) {
        const struct record *record = &batch->records[i];
        const struct batch_leaf leaf = {record->tree, record->branch, record->limb,
                                        record->leaf, {NULL, 0},      0};
        if (batch->leaf_of[i] >= batch->leaf_count)
            broken = "a record lies on a leaf that is not there";
        else if (!same_leaf(&batch->leaves[batch->leaf_of[i]], &leaf))
            broken = "a record lies on another leaf than it names";
    }
    return broken;
}

const char *batch_check_written(const struct batch *batch)
{
    const char *broken = batch_check_placed(batch);
    for (size_t i = 0; !broken && i < batch->count; i++)
        for (size_t j = 0; !broken && j < i; j++)
            if (batch->content_ids[i] == batch->content_ids[j])
                broken = "two records are one content";
    return broken;
}
