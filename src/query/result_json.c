// SPDX-License-Identifier: Apache-2.0
//
// A result as JSON. Field names are a promise: docs/cli.md documents them, and the server and the
// command print the same. A field that does not apply is null, never left out, except for those
// that only one kind of query has.
#include <math.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "grove/grove.h"

enum { JSON_BYTES_MAX = 128 << 20 };

static void add_key(struct strbuf *out, const char *key)
{
    CHECK(out->length > 0 || out->failed); // keys are in an object
    char last = out->length ? out->data[out->length - 1] : '{';
    CHECK(last != ':' || out->failed);
    if (last != '{' && last != '[')
        strbuf_add_char(out, ',');
    json_add_string(out, text_of(key));
    strbuf_add_char(out, ':');
}

static void add_string(struct strbuf *out, const char *key, const char *value)
{
    add_key(out, key);
    if (value)
        json_add_string(out, text_of(value));
    else
        strbuf_add(out, "null");
}

static void add_integer(struct strbuf *out, const char *key, int64_t value)
{
    add_key(out, key);
    if (value == GROVE_NULL)
        strbuf_add(out, "null");
    else
        strbuf_addf(out, "%lld", (long long)value);
}

static void add_number(struct strbuf *out, const char *key, double value, int decimals)
{
    CHECK(decimals >= 0);
    CHECK(decimals <= 15); // more would be noise
    add_key(out, key);
    if (isfinite(value))
        strbuf_addf(out, "%.*f", decimals, value);
    else
        strbuf_add(out, "null");
}

static void add_bool(struct strbuf *out, const char *key, bool value)
{
    add_key(out, key);
    strbuf_add(out, value ? "true" : "false");
}

static void add_time(struct strbuf *out, const char *key, int64_t timestamp_us)
{
    char text[CLOCK_RFC3339_SIZE];
    if (timestamp_us != GROVE_NULL)
        clock_format_rfc3339(timestamp_us, text);
    add_string(out, key, timestamp_us != GROVE_NULL ? text : NULL);
}

static void start_object(struct strbuf *out)
{
    CHECK(out->length > 0 || out->failed); // objects without a key are in an array
    if (out->length && out->data[out->length - 1] == '}')
        strbuf_add_char(out, ',');
    strbuf_add_char(out, '{');
}

static void add_row(struct strbuf *out, const struct grove_row *row)
{
    start_object(out);
    add_integer(out, "content_id", row->content_id);
    add_number(out, "score", row->score, 6);
    add_string(out, "hierarchy_table", row->hierarchy_table);
    add_string(out, "tree", row->tree);
    add_integer(out, "leaf_id", row->leaf_id);
    add_string(out, "branch", row->branch);
    add_string(out, "limb", row->limb);
    add_string(out, "leaf", row->leaf);
    add_string(out, "content_type", row->content_type);
    add_integer(out, "chunk_number", row->chunk_number);
    add_string(out, "title", row->title);
    add_string(out, "content_summary", row->content_summary);
    add_integer(out, "word_count", row->word_count);
    add_time(out, "created_at", row->created_at_us);
    strbuf_add_char(out, '}');
}

static void add_group(struct strbuf *out, const struct grove_group *group)
{
    start_object(out);
    add_string(out, "hierarchy_table", group->hierarchy_table);
    add_string(out, "content_type", group->content_type);
    add_integer(out, "count", group->count);
    if (!isnan(group->best_score)) {
        add_number(out, "best_score", group->best_score, 6);
        add_integer(out, "branches", group->branches);
        add_integer(out, "limbs", group->limbs);
    }
    strbuf_add_char(out, '}');
}

static void add_diversity(struct strbuf *out, const struct grove_diversity *diversity)
{
    add_key(out, "diversity");
    strbuf_add_char(out, '{');
    add_integer(out, "hierarchy_tables", diversity->hierarchy_tables);
    add_integer(out, "unique_branches", diversity->branches);
    add_integer(out, "unique_limbs", diversity->limbs);
    add_number(out, "evenness", diversity->evenness, 6);
    strbuf_add_char(out, '}');
}

static void add_explain(struct strbuf *out, const struct grove_explain *explain)
{
    add_key(out, "explain");
    strbuf_add_char(out, '{');
    add_string(out, "strategy", explain->strategy);
    add_string(out, "reason", explain->reason);
    add_string(out, "proof", explain->proof);
    add_integer(out, "rows_estimated", explain->rows_estimated);
    add_integer(out, "rows_matching", explain->rows_matching);
    add_integer(out, "rounds", explain->rounds);
    add_integer(out, "candidates", explain->candidates);
    add_integer(out, "pending", explain->pending);
    add_integer(out, "dropped", explain->dropped);
    add_integer(out, "listed", explain->listed);
    add_key(out, "stages");
    strbuf_add_char(out, '[');
    for (size_t i = 0; i < explain->stage_count; i++) {
        start_object(out);
        add_string(out, "name", explain->stages[i].name);
        add_number(out, "milliseconds", explain->stages[i].milliseconds, 3);
        add_integer(out, "rows", explain->stages[i].rows);
        strbuf_add_char(out, '}');
    }
    strbuf_add_char(out, ']');
    add_string(out, "plan", explain->plan);
    add_integer(out, "statements", explain->statements);
    add_integer(out, "requests", explain->requests);
    add_number(out, "waited_milliseconds", explain->waited_milliseconds, 3);
    strbuf_add_char(out, '}');
}

GROVE_API char *grove_result_json(const struct grove_result *result)
{
    struct strbuf out;
    strbuf_init(&out, JSON_BYTES_MAX);
    strbuf_add_char(&out, '{');
    add_key(&out, "results");
    strbuf_add_char(&out, '[');
    for (size_t i = 0; i < result->row_count; i++)
        add_row(&out, &result->rows[i]);
    strbuf_add_char(&out, ']');
    add_bool(&out, "complete", result->complete);
    add_string(&out, "incomplete_reason", result->incomplete_reason);
    add_bool(&out, "degraded", result->degraded);
    add_string(&out, "degraded_reason", result->degraded_reason);
    add_integer(&out, "total", result->total);
    add_string(&out, "next_cursor", result->next_cursor);
    if (result->groups) {
        add_key(&out, "groups");
        strbuf_add_char(&out, '[');
        for (size_t i = 0; i < result->group_count; i++)
            add_group(&out, &result->groups[i]);
        strbuf_add_char(&out, ']');
    }
    if (result->ranked) {
        add_diversity(&out, &result->diversity);
        add_bool(&out, "depth_reached", result->depth_reached);
    }
    add_number(&out, "milliseconds", result->milliseconds, 3);
    if (result->explain)
        add_explain(&out, result->explain);
    strbuf_add_char(&out, '}');
    CHECK(out.failed || out.data[0] == '{');
    CHECK(out.failed || out.data[out.length - 1] == '}');
    char *text = out.failed ? NULL : mem_strdup(out.data);
    strbuf_release(&out);
    return text;
}
