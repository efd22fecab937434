// SPDX-License-Identifier: Apache-2.0
#include "commands/input.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/strbuf.h"
#include "grove/call.h"

enum {
    FIELDS_MAX = 24,
    NAMES_BYTES_MAX = 400,
    NUMBER_SIZE = 32,
};

#define MARK "" // of a field's name

static_assert(INPUT_STRINGS_MAX + FIELDS_MAX <= OPTIONS_MAX, "there is room for all values");
static_assert((int)INPUT_BYTES_MAX == GROVE_CALL_BYTES_MAX, "as the header says");

// --- fields --------------------------------------------------------------------------------------

const struct command_option *input_field(const struct command *command, size_t index)
{
    const struct command_option *const lists[] = {command->fields, command->options,
                                                  command_global_fields};
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
        for (const struct command_option *field = lists[i]; field->id; field++) {
            bool is_field = !field->hidden && !field->typed_only;
            if (is_field && index-- == 0)
                return field;
        }
    return NULL;
}

static enum grove_code refuse_unknown(const struct command *command, const char *name,
                                      struct grove_error *error)
{
    struct text names[FIELDS_MAX];
    struct option_label labels[FIELDS_MAX];
    struct strbuf known;
    size_t count = 0;
    strbuf_init(&known, NAMES_BYTES_MAX);
    for (const struct command_option *field; (field = input_field(command, count)); count++) {
        CHECK(count < FIELDS_MAX);
        labels[count] = option_label(field, MARK);
        names[count] = text_of(labels[count].text);
        strbuf_addf(&known, "%s%s", count ? ", " : "", labels[count].text);
    }
    error_set(error, GROVE_INVALID, "%s has no field \"%.100s\"", command->name, name);
    struct text near = options_suggest(name, names, count);
    if (near.data)
        error_hint(error, "did you mean %.*s? its fields: %s", TEXT_ARGS(near), known.data);
    else
        error_hint(error, "its fields: %s", known.data);
    strbuf_release(&known);
    return GROVE_INVALID;
}

static const struct command_option *find_field(const struct command *command, const char *name)
{
    const struct command_option *field;
    for (size_t i = 0; (field = input_field(command, i)); i++)
        if (strcmp(option_label(field, MARK).text, name) == 0)
            return field;
    return NULL;
}

// --- values --------------------------------------------------------------------------------------

static const char *kind_of(yyjson_val *value)
{
    return yyjson_is_str(value)    ? "a string"
           : yyjson_is_bool(value) ? "true or false"
           : yyjson_is_obj(value)  ? "an object"
           : yyjson_is_arr(value)  ? "an array"
           : yyjson_is_null(value) ? "null"
           : yyjson_is_int(value)  ? "a whole number"
           : yyjson_is_raw(value)  ? "a number of too many digits"
                                   : "a number";
}

static enum grove_code refuse(const struct command_option *field, yyjson_val *value,
                              const char *wanted, struct grove_error *error)
{
    error_set(error, GROVE_INVALID, "%s is %s, not %s", option_label(field, MARK).text,
              kind_of(value), wanted);
    return option_hint(field, MARK, error);
}

static enum grove_code add_value(struct input_values *input, const struct command_option *field,
                                 const char *text, struct grove_error *error)
{
    struct option_value value = {.option = field, .text = text};
    struct options *options = &input->options;
    if (field->kind != VALUE_NONE && value_read(&value, MARK, error) != GROVE_OK)
        return error->code;
    CHECK(options->count < OPTIONS_MAX);
    options->values[options->count++] = value;
    return GROVE_OK;
}

static enum grove_code add_text(struct input_values *input, const struct command_option *field,
                                yyjson_val *value, struct grove_error *error)
{
    struct text text = json_text(value);
    if (!yyjson_is_str(value))
        return refuse(field, value, field->repeatable ? "a string or several" : "a string", error);
    if (text.length > 0 && memchr(text.data, '\0', text.length))
        return error_set(error, GROVE_INVALID, "%s has a NUL character",
                         option_label(field, MARK).text);
    const char *copy = arena_copy(&input->arena, text);
    return copy ? add_value(input, field, copy, error) : error_no_memory(error, "the input");
}

static enum grove_code add_texts(struct input_values *input, const struct command_option *field,
                                 yyjson_val *array, struct grove_error *error)
{
    size_t index, count;
    yyjson_val *value;
    if (yyjson_arr_size(array) > INPUT_STRINGS_MAX)
        return error_set(error, GROVE_LIMIT, "%s has %zu strings, at most %d",
                         option_label(field, MARK).text, yyjson_arr_size(array), INPUT_STRINGS_MAX);
    enum grove_code code = GROVE_OK;
    yyjson_arr_foreach (array, index, count, value)
        code = code == GROVE_OK ? add_text(input, field, value, error) : code;
    return code;
}

static enum grove_code add_number(struct input_values *input, const struct command_option *field,
                                  yyjson_val *value, struct grove_error *error)
{
    char text[NUMBER_SIZE];
    bool is_whole = yyjson_is_int(value);
    if (field->kind == VALUE_COUNT && !is_whole)
        return refuse(field, value, "a whole number", error);
    if (!yyjson_is_num(value))
        return refuse(field, value, "a number", error);
    if (yyjson_is_uint(value))
        snprintf(text, sizeof text, "%llu", (unsigned long long)yyjson_get_uint(value));
    else if (is_whole)
        snprintf(text, sizeof text, "%lld", (long long)yyjson_get_sint(value));
    else
        text_format(text, sizeof text, "%.17g", yyjson_get_real(value));
    const char *copy = arena_strdup(&input->arena, text);
    return copy ? add_value(input, field, copy, error) : error_no_memory(error, "the input");
}

static enum grove_code read_id(const struct command_option *field, yyjson_val *value, int32_t *ret,
                               struct grove_error *error)
{
    if (!yyjson_is_int(value))
        return refuse(field, value, "the id of a content", error);
    int64_t least = field->min ? field->min : 1;
    bool fits = yyjson_is_uint(value) ? yyjson_get_uint(value) <= INT32_MAX &&
                                            (int64_t)yyjson_get_uint(value) >= least
                                      : yyjson_get_sint(value) >= least;
    if (!fits)
        return error_set(error, GROVE_INVALID, "no content has the id %s%llu",
                         yyjson_is_uint(value) ? "" : "-",
                         yyjson_is_uint(value) ? (unsigned long long)yyjson_get_uint(value)
                                               : 0ULL - (unsigned long long)yyjson_get_sint(value));
    *ret = (int32_t)yyjson_get_sint(value);
    return GROVE_OK;
}

// One, or an array.
static enum grove_code add_ids(struct input_values *input, const struct command_option *field,
                               yyjson_val *value, struct grove_error *error)
{
    bool several = field->kind == VALUE_IDS;
    if (several && !yyjson_is_arr(value))
        return refuse(field, value, "an array of ids", error);
    size_t count = several ? yyjson_arr_size(value) : 1;
    if (count == 0)
        return error_set(error, GROVE_INVALID, "%s is empty", option_label(field, MARK).text);
    if (count > INPUT_IDS_MAX)
        return error_set(error, GROVE_LIMIT, "%s has %zu ids, at most %d",
                         option_label(field, MARK).text, count, INPUT_IDS_MAX);
    int32_t *ids = arena_alloc_array(&input->arena, count, sizeof *ids);
    if (!ids)
        return error_no_memory(error, "the input");
    enum grove_code code = GROVE_OK;
    yyjson_val *id = several ? yyjson_arr_get_first(value) : value;
    for (size_t i = 0; code == GROVE_OK && i < count; i++, id = unsafe_yyjson_get_next(id))
        code = read_id(field, id, &ids[i], error);
    input->ids = ids;
    input->id_count = count;
    return code;
}

static enum grove_code take_value(struct input_values *input, const struct command_option *field,
                                  yyjson_val *value, struct grove_error *error)
{
    switch (field->kind) {
    case VALUE_NONE:
        if (!yyjson_is_bool(value))
            return refuse(field, value, "true or false", error);
        return yyjson_get_bool(value) ? add_value(input, field, NULL, error) : GROVE_OK;
    case VALUE_COUNT:
    case VALUE_NUMBER: return add_number(input, field, value, error);
    case VALUE_ID:
    case VALUE_IDS: return add_ids(input, field, value, error);
    case VALUE_ROWS:
        if (!yyjson_is_arr(value))
            return refuse(field, value, "an array of objects", error);
        input->rows = value;
        return GROVE_OK;
    default:
        return field->repeatable && yyjson_is_arr(value) ? add_texts(input, field, value, error)
                                                         : add_text(input, field, value, error);
    }
}

// --- the object ----------------------------------------------------------------------------------

struct reading {
    const struct command *command;
    struct input_values *input;
    const struct command_option *given[FIELDS_MAX];
    size_t given_count;
};

static bool was_given(const struct reading *reading, const struct command_option *field)
{
    for (size_t i = 0; i < reading->given_count; i++)
        if (reading->given[i] == field)
            return true;
    return false;
}

static enum grove_code take_field(struct reading *reading, yyjson_val *key, yyjson_val *value,
                                  struct grove_error *error)
{
    const char *name = yyjson_get_str(key);
    const struct command_option *field = find_field(reading->command, name);
    if (!field || strlen(name) != yyjson_get_len(key))
        return refuse_unknown(reading->command, name, error);
    if (was_given(reading, field))
        return error_set(error, GROVE_INVALID, "the field %s is given twice", name);
    if (yyjson_is_null(value))
        return GROVE_OK;
    CHECK(reading->given_count < FIELDS_MAX);
    reading->given[reading->given_count++] = field;
    return take_value(reading->input, field, value, error);
}

static enum grove_code check_required(const struct reading *reading, struct grove_error *error)
{
    const struct command_option *field;
    for (size_t i = 0; (field = input_field(reading->command, i)); i++)
        if (field->required && !was_given(reading, field)) {
            error_set(error, GROVE_INVALID, "%s needs the field %s", reading->command->name,
                      option_label(field, MARK).text);
            return option_hint(field, MARK, error);
        }
    return GROVE_OK;
}

static enum grove_code parse(const char *json, struct input_values *input,
                             struct grove_error *error)
{
    yyjson_read_err problem;
    size_t length = strnlen(json, (size_t)INPUT_BYTES_MAX + 1);
    if (length > INPUT_BYTES_MAX)
        return error_set(error, GROVE_LIMIT, "the input has more than %d MB",
                         INPUT_BYTES_MAX >> 20);
    // Numbers that fit no type of C stay as they are written.
    input->document = yyjson_read_opts((char *)(uintptr_t)json, length, YYJSON_READ_BIGNUM_AS_RAW,
                                       json_allocator(), &problem);
    if (!input->document && problem.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return error_no_memory(error, "the input");
    if (!input->document)
        return error_set(error, GROVE_INVALID, "the input is no JSON: %s at byte %zu", problem.msg,
                         problem.pos + 1);
    yyjson_val *root = yyjson_doc_get_root(input->document);
    if (!yyjson_is_obj(root))
        return error_set(error, GROVE_INVALID, "the input is %s, not an object", kind_of(root));
    return GROVE_OK;
}

enum grove_code input_read(const struct command *command, const char *json,
                           struct input_values *ret, struct grove_error *error)
{
    struct reading reading = {.command = command, .input = ret};
    size_t index, count;
    yyjson_val *key, *value;
    CHECK(command->fields);
    *ret = (struct input_values){.options.mark = MARK};
    arena_init(&ret->arena, (size_t)2 * INPUT_BYTES_MAX);
    enum grove_code code = parse(json ? json : "{}", ret, error);
    if (code != GROVE_OK)
        return code;
    yyjson_obj_foreach (yyjson_doc_get_root(ret->document), index, count, key, value)
        code = code == GROVE_OK ? take_field(&reading, key, value, error) : code;
    return code == GROVE_OK ? check_required(&reading, error) : code;
}

void input_release(struct input_values *input)
{
    yyjson_doc_free(input->document);
    arena_release(&input->arena);
    *input = (struct input_values){.document = NULL};
}
