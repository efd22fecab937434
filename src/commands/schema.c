// SPDX-License-Identifier: Apache-2.0
#include "commands/schema.h"

#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/json.h"
#include "commands/command.h"
#include "commands/input.h"
#include "commands/shape.h"
#include "grove/call.h"

enum { SHAPES_MAX = 64, SCHEMA_BYTES_MAX = 1 << 20 };

// --- JSON, a member or an element a line ---------------------------------------------------------

struct writer {
    struct strbuf *out;
    unsigned depth;
    const struct shape *shapes[SHAPES_MAX]; // that were spoken of
    size_t shape_count;
};

static void add_break(struct writer *writer)
{
    char last = writer->out->length ? writer->out->data[writer->out->length - 1] : '{';
    if (last != '{' && last != '[')
        strbuf_add_char(writer->out, ',');
    strbuf_addf(writer->out, "\n%*s", (int)writer->depth, "");
}

static void add_key(struct writer *writer, const char *key)
{
    add_break(writer);
    json_add_string(writer->out, text_of(key));
    strbuf_add(writer->out, ": ");
}

static void begin(struct writer *writer, const char *key)
{
    add_key(writer, key);
    strbuf_add_char(writer->out, '{');
    writer->depth++;
}

static void end(struct writer *writer)
{
    CHECK(writer->depth > 0);
    writer->depth--;
    strbuf_addf(writer->out, "\n%*s}", (int)writer->depth, "");
}

static void add_string(struct writer *writer, const char *key, const char *value)
{
    add_key(writer, key);
    json_add_string(writer->out, text_of(value));
}

static void add_integer(struct writer *writer, const char *key, int64_t value)
{
    add_key(writer, key);
    strbuf_addf(writer->out, "%lld", (long long)value);
}

static void add_false(struct writer *writer, const char *key)
{
    add_key(writer, key);
    strbuf_add(writer->out, "false");
}

static void add_words(struct writer *writer, const char *words)
{
    struct text rest = text_of(words), word;
    add_key(writer, "enum");
    strbuf_add_char(writer->out, '[');
    for (size_t i = 0; rest.length > 0 && text_split(&rest, ' ', &word); i++) {
        strbuf_add(writer->out, i ? ", " : "");
        json_add_string(writer->out, word);
    }
    strbuf_add_char(writer->out, ']');
}

static void add_type(struct writer *writer, const char *type, bool nullable)
{
    add_key(writer, "type");
    if (nullable)
        strbuf_addf(writer->out, "[\"%s\", \"null\"]", type);
    else
        strbuf_addf(writer->out, "\"%s\"", type);
}

// --- what is answered ----------------------------------------------------------------------------

static void add_reference(struct writer *writer, const struct shape *shape)
{
    bool known = false;
    for (size_t i = 0; i < writer->shape_count; i++)
        known = known || writer->shapes[i] == shape;
    CHECK(known || writer->shape_count < SHAPES_MAX);
    if (!known)
        writer->shapes[writer->shape_count++] = shape;
    add_key(writer, "$ref");
    strbuf_addf(writer->out, "\"#/$defs/%s\"", shape->name);
}

static void add_reference_or_null(struct writer *writer, const struct shape *shape)
{
    add_key(writer, "anyOf");
    strbuf_add(writer->out, "[{");
    writer->depth++;
    add_reference(writer, shape);
    end(writer);
    strbuf_add(writer->out, ", {\"type\": \"null\"}]");
}

static void add_items(struct writer *writer, const char *type)
{
    add_type(writer, "array", false);
    begin(writer, "items");
    add_type(writer, type, false);
    end(writer);
}

static void add_member(struct writer *writer, const struct shape_member *member)
{
    begin(writer, member->name);
    switch (member->kind) {
    case SHAPE_TEXT: add_type(writer, "string", member->nullable); break;
    case SHAPE_BOOL: add_type(writer, "boolean", false); break;
    case SHAPE_JSON: add_type(writer, "object", false); break;
    case SHAPE_INT32:
    case SHAPE_UNSIGNED:
    case SHAPE_INT64: add_type(writer, "integer", member->nullable); break;
    case SHAPE_NUMBER: add_type(writer, "number", member->nullable); break;
    case SHAPE_TIME:
        // Not the format "date-time": there are infinity, and years of more than four digits.
        add_type(writer, "string", member->nullable);
        add_string(writer, "description", "a time, RFC 3339 in UTC");
        break;
    case SHAPE_WORD: add_words(writer, member->words); break;
    case SHAPE_INT32S: add_items(writer, "integer"); break;
    case SHAPE_FLOATS: add_items(writer, "number"); break;
    case SHAPE_OBJECT:
    case SHAPE_POINTER:
    case SHAPE_BESIDE:
        if (member->nullable)
            add_reference_or_null(writer, member->shape);
        else
            add_reference(writer, member->shape);
        break;
    case SHAPE_LIST:
        add_type(writer, "array", false);
        begin(writer, "items");
        add_reference(writer, member->shape);
        end(writer);
        break;
    case SHAPE_MEMBERS:
    case SHAPE_END: CHECK(false);
    }
    end(writer);
}

static void add_properties(struct writer *writer, const struct shape *shape)
{
    for (const struct shape_member *member = shape->members; member->kind; member++)
        if (member->kind == SHAPE_MEMBERS)
            add_properties(writer, member->shape);
        else
            add_member(writer, member);
}

static void add_required(struct writer *writer, const struct shape *shape)
{
    for (const struct shape_member *member = shape->members; member->kind; member++)
        if (member->kind == SHAPE_MEMBERS) {
            add_required(writer, member->shape);
        } else if (!member->present) {
            add_break(writer);
            json_add_string(writer->out, text_of(member->name));
        }
}

static void add_shape(struct writer *writer, const struct shape *shape)
{
    begin(writer, shape->name);
    add_type(writer, "object", false);
    begin(writer, "properties");
    add_properties(writer, shape);
    end(writer);
    add_key(writer, "required");
    strbuf_add_char(writer->out, '[');
    writer->depth++;
    add_required(writer, shape);
    writer->depth--;
    strbuf_addf(writer->out, "\n%*s]", (int)writer->depth, "");
    end(writer);
}

// --- what is given -------------------------------------------------------------------------------

static void add_text_type(struct writer *writer)
{
    add_type(writer, "string", false);
    add_integer(writer, "minLength", 1);
}

static void add_id_type(struct writer *writer, const struct command_option *field)
{
    add_type(writer, "integer", false);
    add_integer(writer, "minimum", field->min ? field->min : 1);
    add_integer(writer, "maximum", INT32_MAX);
}

static void add_range(struct writer *writer, const struct command_option *field, const char *type)
{
    add_type(writer, type, false);
    add_integer(writer, "minimum", field->min);
    add_integer(writer, "maximum", field->max);
}

// One string, or an array of them.
static void add_repeatable(struct writer *writer)
{
    add_key(writer, "anyOf");
    strbuf_add(writer->out, "[{\"type\": \"string\", \"minLength\": 1}, {\"type\": \"array\", "
                            "\"items\": {\"type\": \"string\", \"minLength\": 1}, ");
    strbuf_addf(writer->out, "\"maxItems\": %d}]", INPUT_STRINGS_MAX);
}

static void add_list(struct writer *writer, const struct command_option *field)
{
    add_type(writer, "array", false);
    if (field->kind == VALUE_IDS) {
        add_integer(writer, "minItems", 1);
        add_integer(writer, "maxItems", INPUT_IDS_MAX);
    }
    begin(writer, "items");
    if (field->kind == VALUE_IDS)
        add_id_type(writer, field);
    else
        add_type(writer, "object", false);
    end(writer);
}

static void add_field(struct writer *writer, const struct command_option *field)
{
    begin(writer, option_label(field, "").text);
    add_string(writer, "description", field->help);
    switch (field->kind) {
    case VALUE_NONE: add_type(writer, "boolean", false); break;
    case VALUE_COUNT: add_range(writer, field, "integer"); break;
    case VALUE_NUMBER: add_range(writer, field, "number"); break;
    case VALUE_WORD: add_words(writer, field->words); break;
    case VALUE_ID: add_id_type(writer, field); break;
    case VALUE_IDS:
    case VALUE_ROWS: add_list(writer, field); break;
    default:
        if (field->repeatable)
            add_repeatable(writer);
        else
            add_text_type(writer);
    }
    end(writer);
}

static void add_input(struct writer *writer, const struct command *command)
{
    const struct command_option *field;
    begin(writer, "input");
    add_type(writer, "object", false);
    begin(writer, "properties");
    for (size_t i = 0; (field = input_field(command, i)); i++)
        add_field(writer, field);
    end(writer);
    add_key(writer, "required");
    strbuf_add_char(writer->out, '[');
    size_t required = 0;
    for (size_t i = 0; (field = input_field(command, i)); i++)
        if (field->required) {
            strbuf_add(writer->out, required++ == 0 ? "" : ", ");
            json_add_string(writer->out, text_of(option_label(field, "").text));
        }
    strbuf_add_char(writer->out, ']');
    add_false(writer, "additionalProperties");
    end(writer);
}

static void add_call(struct writer *writer, const struct command *command)
{
    begin(writer, command->name);
    add_string(writer, "description", command->summary);
    add_input(writer, command);
    begin(writer, "output");
    add_reference(writer, command->answer);
    end(writer);
    end(writer);
}

void schema_add(struct strbuf *out)
{
    struct writer writer = {.out = out, .depth = 1};
    strbuf_add_char(out, '{');
    add_string(&writer, "$schema", "https://json-schema.org/draft/2020-12/schema");
    add_string(&writer, "title", "grove_call");
    add_string(&writer, "description",
               "What commands take and answer as JSON. A field that is null is as if it were left "
               "out.");
    begin(&writer, "calls");
    for (const struct command *command = command_table; command->name; command++)
        if (command->fields)
            add_call(&writer, command);
    end(&writer);
    begin(&writer, "$defs");
    // Each speaks of others, which come behind.
    for (size_t i = 0; i < writer.shape_count; i++)
        add_shape(&writer, writer.shapes[i]);
    end(&writer);
    strbuf_add(out, "\n}\n");
}

GROVE_API char *grove_call_schema(void)
{
    struct strbuf out;
    strbuf_init(&out, SCHEMA_BYTES_MAX);
    schema_add(&out);
    char *text = out.failed ? NULL : mem_strdup(out.data);
    strbuf_release(&out);
    return text;
}
