// SPDX-License-Identifier: Apache-2.0
//
// A graph under a filter is another graph: what does not satisfy it leads on, but is not found.
// Filters that leave few rows are answered exactly, so only wide ones matter here: trees, branches,
// content types, halves by time and by words, and two of them at once.
#include <assert.h>

#include "base/check.h"
#include "sync/examine_private.h"

enum { PLACES_MAX = 4, PLACE_COLUMNS = 3 };
static_assert(3 * PLACES_MAX + 4 < EXAMINE_FILTERS_MAX, "there is room for pairs");

static void add_filter(struct examine_filters *filters, const struct vector_filter *filter)
{
    CHECK(filters->count <= EXAMINE_FILTERS_MAX);
    if (filters->count < EXAMINE_FILTERS_MAX)
        filters->items[filters->count++] = *filter;
}

static enum grove_code take_place(struct examination *x, const struct pg_rows *rows, int r,
                                  struct grove_error *error)
{
    struct vector_filter filter = VECTOR_FILTER_ANY;
    struct text *name = arena_alloc(&x->arena, sizeof *name);
    if (!name)
        return error_no_memory(error, "filters");
    *name = pg_text(rows, r, 1);
    if (text_equal(pg_text(rows, r, 0), text_of("branch"))) {
        filter.branch_id = pg_int4(rows, r, 2); // as searches ask for one
        CHECK(filter.branch_id > 0);
    } else if (text_equal(pg_text(rows, r, 0), text_of("type"))) {
        filter.content_types = name;
        filter.content_type_count = 1;
    } else {
        filter.hierarchy_tables = name;
        filter.hierarchy_table_count = 1;
    }
    add_filter(&x->filters, &filter);
    return GROVE_OK;
}

static enum grove_code add_places(struct examination *x, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    CHECK(x->points_min > 0);
    pg_add_int8(&params, x->points_min);
    pg_add_int4(&params, PLACES_MAX);
    enum grove_code code = examine_query(x, &x->arena, "examine_places.sql", &params, &rows, error);
    CHECK(code != GROVE_OK || rows.columns == PLACE_COLUMNS);
    for (int r = 0; code == GROVE_OK && r < rows.count; r++)
        code = take_place(x, &rows, r, error);
    return code;
}

static enum grove_code add_halves(struct examination *x, struct grove_error *error)
{
    struct pg_rows rows;
    enum grove_code code = examine_query(x, &x->arena, "examine_halves.sql", NULL, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.count == 1);
    if (!pg_is_null(&rows, 0, 0)) {
        struct vector_filter since = VECTOR_FILTER_ANY, before = VECTOR_FILTER_ANY;
        since.created_since_us = before.created_before_us = pg_timestamp(&rows, 0, 0);
        add_filter(&x->filters, &since);
        add_filter(&x->filters, &before);
    }
    if (!pg_is_null(&rows, 0, 1)) {
        struct vector_filter least = VECTOR_FILTER_ANY, most = VECTOR_FILTER_ANY;
        least.words_min = pg_int4(&rows, 0, 1);
        most.words_max = pg_int4(&rows, 0, 1);
        add_filter(&x->filters, &least);
        add_filter(&x->filters, &most);
    }
    return GROVE_OK;
}

// Both of them, where they are about different things.
static bool join_filters(const struct vector_filter *a, const struct vector_filter *b,
                         struct vector_filter *ret)
{
    bool a_place = a->hierarchy_table_count > 0 || a->branch_id > 0;
    bool b_place = b->hierarchy_table_count > 0 || b->branch_id > 0;
    bool a_time = a->created_since_us != VECTOR_NONE || a->created_before_us != VECTOR_NONE;
    bool b_time = b->created_since_us != VECTOR_NONE || b->created_before_us != VECTOR_NONE;
    bool a_words = a->words_min != VECTOR_NONE || a->words_max != VECTOR_NONE;
    bool b_words = b->words_min != VECTOR_NONE || b->words_max != VECTOR_NONE;
    CHECK(a != b);
    if ((a_place && b_place) || (a_time && b_time) || (a_words && b_words) ||
        (a->content_type_count > 0 && b->content_type_count > 0))
        return false;
    *ret = *a;
    if (b_place) {
        ret->branch_id = b->branch_id;
        ret->hierarchy_tables = b->hierarchy_tables;
        ret->hierarchy_table_count = b->hierarchy_table_count;
    }
    if (b_time) {
        ret->created_since_us = b->created_since_us;
        ret->created_before_us = b->created_before_us;
    }
    if (b_words) {
        ret->words_min = b->words_min;
        ret->words_max = b->words_max;
    }
    if (b->content_type_count > 0) {
        ret->content_types = b->content_types;
        ret->content_type_count = b->content_type_count;
    }
    return true;
}

static void add_pairs(struct examine_filters *filters)
{
    size_t single = filters->count;
    for (size_t apart = 1; apart < single; apart++)
        for (size_t i = 0; i + apart < single; i++) {
            struct vector_filter both;
            if (join_filters(&filters->items[i], &filters->items[i + apart], &both))
                add_filter(filters, &both);
        }
    CHECK(filters->count <= EXAMINE_FILTERS_MAX);
}

// Those that leave no more rows than are compared anyway go, and those that leave all.
static enum grove_code keep_wide(struct examination *x, struct grove_error *error)
{
    size_t kept = 0;
    uint64_t all = 0;
    const struct vector_filter any = VECTOR_FILTER_ANY;
    enum grove_code code = vector_count(x->store->engine, x->call, &any, &all, error);
    CHECK(x->filters.count <= EXAMINE_FILTERS_MAX);
    for (size_t i = 0; code == GROVE_OK && i < x->filters.count; i++) {
        uint64_t count = 0;
        code = vector_count(x->store->engine, x->call, &x->filters.items[i], &count, error);
        if (code == GROVE_OK && count > (uint64_t)x->points_min && count < all)
            x->filters.items[kept++] = x->filters.items[i];
    }
    if (code == GROVE_OK)
        x->filters.count = kept;
    return code;
}

enum grove_code examine_make_filters(struct examination *x, struct grove_error *error)
{
    CHECK(x->filters.count == 0);
    if (!examine_needs_filters(x))
        return GROVE_OK;
    enum grove_code code = add_places(x, error);
    if (code == GROVE_OK)
        code = add_halves(x, error);
    if (code == GROVE_OK)
        add_pairs(&x->filters);
    return code == GROVE_OK ? keep_wide(x, error) : code;
}
