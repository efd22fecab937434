// SPDX-License-Identifier: Apache-2.0
#include "commands/values.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/nearest.h"
#include "base/strbuf.h"

enum { NAMES_MAX = 64, ACTIONS_BYTES_MAX = 300 };

const struct option_value *options_find(const struct options *options, enum option_id id)
{
    for (size_t i = options->count; i > 0; i--)
        if (options->values[i - 1].option->id == id)
            return &options->values[i - 1];
    return NULL;
}

const char *options_text(const struct options *options, enum option_id id)
{
    const struct option_value *value = options_find(options, id);
    return value ? value->text : NULL;
}

int64_t options_count(const struct options *options, enum option_id id, int64_t otherwise)
{
    const struct option_value *value = options_find(options, id);
    return value ? value->number : otherwise;
}

// --- reading -------------------------------------------------------------------------------------

struct option_label option_label(const struct command_option *option, const char *mark)
{
    struct option_label label;
    snprintf(label.text, sizeof label.text, "%s%s", mark, option->name);
    for (char *c = label.text; !*mark && *c; c++)
        *c = *c == '-' ? '_' : *c;
    return label;
}

enum grove_code option_hint(const struct command_option *option, const char *mark,
                            struct grove_error *error)
{
    const struct option_label label = option_label(option, mark);
    if (*mark)
        error_hint(error, "write %s %s: %s", label.text, option->argument, option->help);
    else
        error_hint(error, "%s: %s", label.text, option->help);
    return GROVE_INVALID;
}

enum grove_code value_check_utf8(const char *what, const char *value, struct grove_error *error)
{
    struct text text = text_of(value);
    size_t at = text_utf8_error(text);
    if (at == text.length)
        return GROVE_OK;
    error_set(error, GROVE_INVALID, "%s is not valid UTF-8: byte %zu is 0x%02x", what, at + 1,
              (unsigned char)value[at]);
    error_hint(error, "use a terminal with a UTF-8 locale, or convert the text with iconv");
    return GROVE_INVALID;
}

static enum grove_code read_time(struct option_value *value, const char *label,
                                 struct grove_error *error)
{
    int64_t duration_us;
    if (clock_parse_timestamp(text_of(value->text), &value->number))
        return GROVE_OK;
    if (clock_parse_duration(text_of(value->text), &duration_us)) {
        value->number = clock_now_us() - duration_us;
        value->relative = true;
        return GROVE_OK;
    }
    error_set(error, GROVE_INVALID, "%s \"%s\" is neither a duration nor a time", label,
              value->text);
    error_hint(error, "a duration ago like 90d, 12h or 1w2d (units s m h d w y), or a time like "
                      "2026-11-23 or 2026-11-23T08:44Z");
    return GROVE_INVALID;
}

static enum grove_code read_duration(struct option_value *value, const char *label,
                                     struct grove_error *error)
{
    int64_t duration_us;
    if (!clock_parse_duration(text_of(value->text), &duration_us)) {
        error_set(error, GROVE_INVALID, "%s \"%s\" is no duration", label, value->text);
        error_hint(error, "a number and its unit, like 500ms, 2s or 1m30s");
        return GROVE_INVALID;
    }
    value->number = duration_us / 1000;
    if (value->number >= value->option->min && value->number <= value->option->max)
        return GROVE_OK;
    return error_set(error, GROVE_INVALID, "%s \"%s\" is not between 1ms and %lldh", label,
                     value->text, (long long)value->option->max / 3600000);
}

static enum grove_code read_word(struct option_value *value, const char *label,
                                 struct grove_error *error)
{
    struct text rest = text_of(value->option->words), word;
    for (value->number = 0; rest.length > 0 && text_split(&rest, ' ', &word); value->number++)
        if (text_equal(word, text_of(value->text)))
            return GROVE_OK;
    error_set(error, GROVE_INVALID, "%s \"%s\" is not one of its values", label, value->text);
    error_hint(error, "one of: %s", value->option->words);
    return GROVE_INVALID;
}

enum grove_code value_read(struct option_value *value, const char *mark, struct grove_error *error)
{
    const struct command_option *option = value->option;
    const struct option_label label = option_label(option, mark);
    char what[96];
    bool file = option->kind == VALUE_FILE || option->kind == VALUE_FOLDER;
    snprintf(what, sizeof what, "the value of %s", label.text);
    if (!file && value_check_utf8(what, value->text, error) != GROVE_OK)
        return GROVE_INVALID;
    if (value->text[0] == '\0') {
        error_set(error, GROVE_INVALID, "%s is empty", what);
        return option_hint(option, mark, error);
    }
    if (option->kind == VALUE_TIME)
        return read_time(value, label.text, error);
    if (option->kind == VALUE_DURATION)
        return read_duration(value, label.text, error);
    if (option->kind == VALUE_WORD)
        return read_word(value, label.text, error);
    bool fine = true;
    if (option->kind == VALUE_COUNT)
        fine = text_to_int64(text_of(value->text), &value->number) &&
               value->number >= option->min && value->number <= option->max;
    if (option->kind == VALUE_NUMBER)
        fine = text_to_double(text_of(value->text), &value->real) &&
               value->real >= (double)option->min && value->real <= (double)option->max;
    if (fine)
        return GROVE_OK;
    error_set(error, GROVE_INVALID, "%s \"%s\" is not a %s from %lld to %lld", label.text,
              value->text, option->kind == VALUE_COUNT ? "whole number" : "number",
              (long long)option->min, (long long)option->max);
    return option_hint(option, mark, error);
}

// --- names that are none -------------------------------------------------------------------------

struct text options_suggest(const char *wanted, struct text *names, size_t count)
{
    static const struct text none;
    struct text text = text_of(wanted);
    for (size_t i = 0; i < count && text.length > 1; i++)
        if (text_starts_with(names[i], wanted))
            return names[i];
    if (count == 0)
        return none;
    nearest_sort(text, names, count);
    return nearest_distance(text, names[0]) <= 1 + text.length / 4 ? names[0] : none;
}

// What other programs call it, and what does it here: the nearest name would mislead.
static const struct {
    const char *command; // whose action it would be; NULL: a command
    const char *word;
    const char *hint;
} elsewhere[] = {
    {NULL, "delete", "grove rm removes contents, or all that is under a path"},
    {NULL, "remove", "grove rm removes contents, grove subject remove a whole tree"},
    {NULL, "drop", "grove subject remove takes a tree away, grove rm what is in one"},
    {NULL, "move", "grove mv moves contents and places"},
    {NULL, "rename", "grove mv renames a place, grove subject rename a tree"},
    {NULL, "list", "grove ls lists places, grove browse contents"},
    {NULL, "get", "grove show shows a content, grove document a document"},
    {NULL, "cat", "grove show --body and grove document --body show texts"},
    {NULL, "find", "grove search finds by meaning, grove browse by place"},
    {NULL, "query", "grove search finds by meaning, grove psql runs SQL"},
    {NULL, "sql", "grove psql runs SQL"},
    {NULL, "insert", "grove load and grove import bring contents, and any SQL client does"},
    {NULL, "add", "grove load and grove import bring contents, grove subject add makes a tree"},
    {NULL, "create", "grove init makes the database, grove subject add a tree"},
    {NULL, "backup", "grove pg_dump -- -Fc -f backup.dump makes a backup"},
    {NULL, "dump", "grove pg_dump -- -Fc -f backup.dump makes a backup"},
    {NULL, "restore", "grove pg_restore -- --clean --if-exists backup.dump puts a backup back"},
    {NULL, "start", "any command starts the servers that it needs; grove init makes the database"},
    {NULL, "restart", "grove stop stops the servers, any command starts those that it needs"},
    {"subject", "check", "did you mean grove subject validate?"},
    {"subject", "create", "did you mean grove subject add?"},
    {"subject", "delete", "did you mean grove subject remove?"},
    {"subject", "drop", "did you mean grove subject remove?"},
    {"subject", "rm", "did you mean grove subject remove?"},
    {"subject", "mv", "did you mean grove subject rename?"},
    {"dead", "remove", "did you mean grove dead drop?"},
    {"dead", "rm", "did you mean grove dead drop?"},
};

static const char *find_elsewhere(const struct command *command, const char *word)
{
    for (size_t i = 0; i < ARRAY_COUNT(elsewhere); i++) {
        const char *of = elsewhere[i].command;
        bool same = command ? of && strcmp(of, command->name) == 0 : !of;
        if (same && text_equal_caseless(text_of(elsewhere[i].word), text_of(word)))
            return elsewhere[i].hint;
    }
    return NULL;
}

enum grove_code command_unknown(const char *name, struct grove_error *error)
{
    struct text names[NAMES_MAX];
    size_t count = 0;
    for (const struct command *command = command_table; command->name; command++) {
        CHECK(count < NAMES_MAX);
        names[count++] = text_of(command->name);
    }
    error_set(error, GROVE_INVALID, "unknown command \"%s\"", name);
    const char *hint = find_elsewhere(NULL, name);
    struct text near = options_suggest(name, names, count);
    if (hint)
        error_hint(error, "%s", hint);
    else if (near.data)
        error_hint(error, "did you mean grove %.*s?", TEXT_ARGS(near));
    return GROVE_INVALID;
}

enum grove_code action_unknown(const struct command *command, const char *name,
                               struct grove_error *error)
{
    struct text names[NAMES_MAX], rest = command_actions(command);
    struct strbuf all;
    size_t count = 0;
    strbuf_init(&all, ACTIONS_BYTES_MAX);
    while (text_split(&rest, '|', &names[count])) {
        strbuf_addf(&all, "%s%.*s", count > 0 ? ", " : "", TEXT_ARGS(names[count]));
        count++;
        CHECK(count < NAMES_MAX);
    }
    error_set(error, GROVE_INVALID, "grove %s has no action \"%.100s\"", command->name, name);
    const char *hint = find_elsewhere(command, name);
    struct text near = options_suggest(name, names, count);
    if (hint)
        error_hint(error, "%s", hint);
    else if (near.data)
        error_hint(error, "did you mean grove %s %.*s?", command->name, TEXT_ARGS(near));
    else
        error_hint(error, "there are %s", all.data);
    strbuf_release(&all);
    return GROVE_INVALID;
}
