// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/terminal.h"

void format_count(struct strbuf *out, int64_t count)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)count);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
            strbuf_add_char(out, ',');
        strbuf_add_char(out, digits[i]);
    }
}

void format_counted(struct strbuf *out, int64_t count, const char *singular, const char *plural)
{
    format_count(out, count);
    strbuf_addf(out, " %s", count == 1 ? singular : plural);
}

void format_per_second(struct strbuf *out, double rate)
{
    if (rate > 0 && rate < 9.95)
        strbuf_addf(out, "%.1f", rate);
    else
        format_count(out, (int64_t)(rate + 0.5));
}

void format_rate(struct strbuf *out, int64_t count, double seconds)
{
    format_per_second(out, seconds > 0 ? (double)count / seconds : 0);
}

void format_seconds(struct strbuf *out, double seconds)
{
    if (!(seconds >= 0) || seconds > 1e9) {
        strbuf_add_char(out, '?');
        return;
    }
    long long whole = (long long)(seconds + 0.5);
    if (seconds < 0.01)
        strbuf_addf(out, "%.1f ms", seconds * 1e3);
    else if (seconds < 0.9995)
        strbuf_addf(out, "%.0f ms", seconds * 1e3);
    else if (seconds < 59.95)
        strbuf_addf(out, "%.1f s", seconds);
    else if (whole < 3600)
        strbuf_addf(out, "%lld min %lld s", whole / 60, whole % 60);
    else
        strbuf_addf(out, "%lld h %lld min", whole / 3600, whole / 60 % 60);
}

void format_bytes(struct strbuf *out, int64_t bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;
    double value = (double)bytes;
    while (value >= 999.5 && unit + 1 < ARRAY_COUNT(units)) {
        value /= 1000;
        unit++;
    }
    strbuf_addf(out, unit == 0 || value >= 99.95 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

void format_date(struct strbuf *out, int64_t timestamp_us)
{
    char text[CLOCK_RFC3339_SIZE];
    if (timestamp_us == GROVE_NULL) {
        strbuf_add_char(out, '-');
        return;
    }
    clock_format_rfc3339(timestamp_us, text);
    const char *end = strchr(text, 'T');
    struct text date = {text, end ? (size_t)(end - text) : strlen(text)};
    struct text behind_year = {date.data + 1, date.length - 1}, digits;
    int64_t year;
    // Years before 1 are counted from 0 downwards there; people count from 1 BC.
    bool negative = date.data[0] == '-';
    if (!negative)
        behind_year = date;
    if (!end || !text_split(&behind_year, '-', &digits) || !text_to_int64(digits, &year) ||
        (!negative && year > 0)) {
        strbuf_add_text(out, date);
        return;
    }
    strbuf_addf(out, "%04lld-%.*s BC", (long long)year + 1, TEXT_ARGS(behind_year));
}

// As it is typed in a path.
static void add_path_name(struct strbuf *out, const char *name)
{
    for (const char *special; (special = strpbrk(name, "/\\")); name = special + 1) {
        display_add_safe(out, (struct text){name, (size_t)(special - name)});
        strbuf_addf(out, "\\%c", *special);
    }
    display_add_safe(out, text_of(name));
}

void format_path(struct strbuf *out, const struct grove_row *row)
{
    const char *const names[] = {row->tree, row->branch, row->limb, row->leaf};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (i > 0)
            strbuf_add_char(out, '/');
        add_path_name(out, names[i] ? names[i] : "?");
    }
}

const char *format_attach_state(enum grove_attach_state state)
{
    switch (state) {
    case GROVE_ATTACH_FILLING: return "filling";
    case GROVE_ATTACH_KEPT: return "kept";
    case GROVE_ATTACH_FAILING: return "failing";
    case GROVE_ATTACH_LEAVING: return "leaving";
    }
    return "kept";
}

void format_document(struct strbuf *out, const char *table, const char *source, const char *key)
{
    struct text name = text_of(table ? table : source), schema = text_of("public.");
    if (table && text_starts_with(name, schema.data))
        name = (struct text){name.data + schema.length, name.length - schema.length};
    strbuf_add_text(out, name);
    strbuf_addf(out, "%s%s", table ? " " : name.length > 0 ? "/" : "", key);
}

void format_part(struct strbuf *out, const struct grove_passage *passage)
{
    if (passage->chunk_count != 1)
        strbuf_addf(out, "part %lld of %lld of ", (long long)passage->position,
                    (long long)passage->chunk_count);
    format_document(out, passage->table, passage->source, passage->key);
}

void format_shell_word(struct strbuf *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_./:=@%+,-";
    struct strbuf safe;
    strbuf_init(&safe, strlen(word) * 10 + 16);
    display_add_safe(&safe, text_of(word));
    if (strcmp(safe.data, word) != 0) {
        // bash reads these escapes; what else is special there is in quotes.
        strbuf_add(out, "$'");
        for (const char *c = word; *c; c++)
            if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7F || *c == '\'' || *c == '\\')
                strbuf_addf(out, "\\x%02x", (unsigned char)*c);
            else
                strbuf_add_char(out, *c);
        strbuf_add_char(out, '\'');
    } else if (*word && word[strspn(word, plain)] == '\0') {
        strbuf_add(out, word);
    } else if (!strpbrk(word, "\"\\$`!")) {
        strbuf_addf(out, "\"%s\"", word);
    } else {
        strbuf_add_char(out, '\'');
        for (const char *c = word; *c; c++)
            if (*c == '\'')
                strbuf_add(out, "'\\''");
            else
                strbuf_add_char(out, *c);
        strbuf_add_char(out, '\'');
    }
    strbuf_release(&safe);
}

// --- JSON ----------------------------------------------------------------------------------------

void json_key(struct strbuf *out, const char *key)
{
    char last = out->length ? out->data[out->length - 1] : '{';
    if (last != '{' && last != '[')
        strbuf_add_char(out, ',');
    json_add_string(out, text_of(key));
    strbuf_add_char(out, ':');
}

void json_string_member(struct strbuf *out, const char *key, const char *value)
{
    json_key(out, key);
    if (!value) {
        strbuf_add(out, "null");
        return;
    }
    json_add_any_string(out, text_of(value));
}

void json_integer_member(struct strbuf *out, const char *key, int64_t value)
{
    json_key(out, key);
    if (value == GROVE_NULL)
        strbuf_add(out, "null");
    else
        strbuf_addf(out, "%lld", (long long)value);
}

void json_number_member(struct strbuf *out, const char *key, double value)
{
    json_key(out, key);
    if (isfinite(value))
        strbuf_addf(out, "%.6f", value);
    else
        strbuf_add(out, "null");
}

void json_time_member(struct strbuf *out, const char *key, int64_t timestamp_us)
{
    char text[CLOCK_RFC3339_SIZE];
    if (timestamp_us != GROVE_NULL)
        clock_format_rfc3339(timestamp_us, text);
    json_string_member(out, key, timestamp_us == GROVE_NULL ? NULL : text);
}

void json_bool_member(struct strbuf *out, const char *key, bool value)
{
    json_key(out, key);
    strbuf_add(out, value ? "true" : "false");
}

// Lines stay as they are; whatever else could move a terminal's cursor is written out.
void format_body(struct strbuf *out, const char *body)
{
    struct text rest = text_of(body), line;
    strbuf_add_char(out, '\n');
    while (text_split(&rest, '\n', &line)) {
        if (line.length > 0 && line.data[line.length - 1] == '\r')
            line.length--;
        display_add_safe(out, line);
        strbuf_add_char(out, '\n');
    }
}
