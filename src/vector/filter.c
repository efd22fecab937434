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

static void begin(struct conditions *conditions, const char *key)
{
    strbuf_add(conditions->body, conditions->count++ == 0 ? ",\"filter\":{\"must\":[" : ",");
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

static void add_bound(struct strbuf *body, bool *first, const char *name, const char *value)
{
    strbuf_addf(body, "%s\"%s\":%s", *first ? "" : ",", name, value);
    *first = false;
}

static void add_created(struct conditions *conditions, const struct vector_filter *filter)
{
    if (filter->created_since_us == VECTOR_NONE && filter->created_before_us == VECTOR_NONE)
        return;
    begin(conditions, "created_at");
    strbuf_add(conditions->body, "\"range\":{");
    bool first = true;
    char text[CLOCK_RFC3339_SIZE], quoted[CLOCK_RFC3339_SIZE + 2];
    if (filter->created_since_us != VECTOR_NONE) {
        clock_format_rfc3339(filter->created_since_us, text);
        snprintf(quoted, sizeof quoted, "\"%s\"", text);
        add_bound(conditions->body, &first, "gte", quoted);
    }
    if (filter->created_before_us != VECTOR_NONE) {
        clock_format_rfc3339(filter->created_before_us, text);
        snprintf(quoted, sizeof quoted, "\"%s\"", text);
        add_bound(conditions->body, &first, "lt", quoted);
    }
    strbuf_add(conditions->body, "}}");
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

void filter_add(struct strbuf *body, const struct vector_filter *filter)
{
    if (!filter)
        return;
    struct conditions conditions = {.body = body};
    add_any_text(&conditions, "hierarchy_table", filter->hierarchy_tables,
                 filter->hierarchy_table_count);
    add_leaves(&conditions, filter);
    add_any_text(&conditions, "content_type", filter->content_types, filter->content_type_count);
    add_created(&conditions, filter);
    add_words(&conditions, filter);
    if (conditions.count > 0)
        strbuf_add(body, "]}");
}
