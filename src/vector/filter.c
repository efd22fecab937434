// SPDX-License-Identifier: Apache-2.0
#include "vector/filter.h"

#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"

bool filter_matches_nothing(const struct vector_filter *filter)
{
    return filter && filter->by_leaf && filter->leaf_id_count == 0;
}

// Conditions come after a comma, but for the first.
struct conditions {
    struct strbuf *body;
    unsigned count;
};

static void separate(struct conditions *conditions)
{
    strbuf_add(conditions->body, conditions->count++ == 0 ? ",\"filter\":{\"must\":[" : ",");
}

static void begin(struct conditions *conditions, const char *key)
{
    separate(conditions);
    strbuf_addf(conditions->body, "{\"key\":\"%s\",", key);
}

static void add_any_text(struct conditions *conditions, const char *key, const struct text *items,
                         size_t count)
{
    if (count == 0)
        return;
    begin(conditions, key);
    strbuf_add(conditions->body, "\"match\":{\"any\":[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            strbuf_add_char(conditions->body, ',');
        json_add_string(conditions->body, items[i]);
    }
    strbuf_add(conditions->body, "]}}");
}

static void add_leaves(struct conditions *conditions, const struct vector_filter *filter)
{
    if (!filter->by_leaf)
        return;
    CHECK(filter->hierarchy_table_count == 1);
    begin(conditions, "leaf_id");
    strbuf_add(conditions->body, "\"match\":{\"any\":[");
    for (size_t i = 0; i < filter->leaf_id_count; i++)
        strbuf_addf(conditions->body, "%s%d", i > 0 ? "," : "", filter->leaf_ids[i]);
    strbuf_add(conditions->body, "]}}");
}

static void add_number(struct conditions *conditions, const char *key, int32_t number)
{
    CHECK(number >= 0);
    if (number == 0)
        return;
    begin(conditions, key);
    strbuf_addf(conditions->body, "\"match\":{\"value\":%d}}", number);
}

int64_t filter_clamp_time(int64_t timestamp_us)
{
    return timestamp_us < FILTER_FIRST_US  ? FILTER_FIRST_US
           : timestamp_us > FILTER_LAST_US ? FILTER_LAST_US
                                           : timestamp_us;
}

// Moving is monotone. So t >= since puts the moved t at or after the moved since; and t < before is
// t <= before - 1 µs, which puts it at or before the moved end of that.
bool filter_times(const struct vector_filter *filter, int64_t *ret_first_us, int64_t *ret_last_us)
{
    int64_t since_us = filter->created_since_us, before_us = filter->created_before_us;
    if (since_us == VECTOR_NONE && before_us == VECTOR_NONE)
        return false;
    *ret_first_us = since_us == VECTOR_NONE ? FILTER_FIRST_US : filter_clamp_time(since_us);
    *ret_last_us = before_us == VECTOR_NONE ? FILTER_LAST_US : filter_clamp_time(before_us - 1);
    CHECK(*ret_first_us >= FILTER_FIRST_US);
    CHECK(*ret_last_us <= FILTER_LAST_US);
    return true;
}

static void add_time(struct strbuf *body, const char *name, int64_t timestamp_us)
{
    char text[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(timestamp_us, text);
    strbuf_addf(body, "\"%s\":\"%s\"", name, text);
}

static void add_created(struct conditions *conditions, const struct vector_filter *filter)
{
    int64_t first_us, last_us;
    if (!filter_times(filter, &first_us, &last_us))
        return;
    begin(conditions, "created_at");
    strbuf_add(conditions->body, "\"range\":{");
    add_time(conditions->body, "gte", first_us);
    strbuf_add_char(conditions->body, ',');
    add_time(conditions->body, "lte", last_us);
    strbuf_add(conditions->body, "}}");
}

static void add_bound(struct strbuf *body, bool *first, const char *name, const char *value)
{
    strbuf_addf(body, "%s\"%s\":%s", *first ? "" : ",", name, value);
    *first = false;
}

static void add_words(struct conditions *conditions, const struct vector_filter *filter)
{
    if (filter->words_min == VECTOR_NONE && filter->words_max == VECTOR_NONE)
        return;
    begin(conditions, "word_count");
    strbuf_add(conditions->body, "\"range\":{");
    bool first = true;
    char number[32];
    if (filter->words_min != VECTOR_NONE) {
        snprintf(number, sizeof number, "%lld", (long long)filter->words_min);
        add_bound(conditions->body, &first, "gte", number);
    }
    if (filter->words_max != VECTOR_NONE) {
        snprintf(number, sizeof number, "%lld", (long long)filter->words_max);
        add_bound(conditions->body, &first, "lte", number);
    }
    strbuf_add(conditions->body, "}}");
}

static void add_revision(struct conditions *conditions, const struct vector_filter *filter)
{
    CHECK(filter->revision_above >= 0);
    if (filter->revision_above == 0)
        return;
    begin(conditions, "revision");
    strbuf_addf(conditions->body, "\"range\":{\"gt\":%lld}}", (long long)filter->revision_above);
}

static void add_members(struct conditions *conditions, const struct vector_filter *filter)
{
    add_any_text(conditions, "hierarchy_table", filter->hierarchy_tables,
                 filter->hierarchy_table_count);
    add_number(conditions, "branch_id", filter->branch_id);
    add_number(conditions, "limb_id", filter->limb_id);
    add_leaves(conditions, filter);
    add_any_text(conditions, "content_type", filter->content_types, filter->content_type_count);
    add_created(conditions, filter);
    add_words(conditions, filter);
    add_revision(conditions, filter);
}

void filter_add(struct strbuf *body, const struct vector_filter *filter)
{
    struct conditions conditions = {.body = body};
    if (filter)
        add_members(&conditions, filter);
    if (conditions.count > 0)
        strbuf_add(body, "]}");
}

void filter_add_of_ids(struct strbuf *body, const struct vector_filter *filter, const int32_t *ids,
                       size_t count)
{
    struct conditions conditions = {.body = body};
    separate(&conditions);
    strbuf_add(body, "{\"has_id\":[");
    for (size_t i = 0; i < count; i++)
        strbuf_addf(body, "%s%d", i > 0 ? "," : "", ids[i]);
    strbuf_add(body, "]}");
    if (filter)
        add_members(&conditions, filter);
    strbuf_add(body, "]}");
}
