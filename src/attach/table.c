// SPDX-License-Identifier: Apache-2.0
//
#include "attach/table.h"

#include <string.h>

#include "base/check.h"
#include "content/trees.h"

enum { SOURCE_CHARACTERS_MAX = 100 };

// --- the table -----------------------------------------------------------------------------------

// "a, b" as names; one that has a comma in it is a name, too.
static struct names split_key(struct user_table *self, const char *given)
{
    struct text rest = text_of(given), name;
    struct names names = {0}, columns;
    if (names_split(self->columns, &columns) && names_have(&columns, rest)) {
        names_add(&names, rest);
        return names;
    }
    while (names.count < ATTACH_KEYS_MAX && text_split(&rest, ',', &name))
        names_add(&names, text_trim(name));
    return names;
}

static enum grove_code look(struct user_table *self, const struct names *key, struct pg_rows *ret,
                            struct grove_error *error)
{
    struct pg_params params = {0};
    pg_add_text(&params, text_of(self->request->table));
    pg_add_text_array(&params, &self->arena, key ? key->items : NULL, key ? key->count : 0);
    enum grove_code code =
        store_query(self->store, self->call, &self->arena, "attach_look.sql", &params, ret, error);
    if (code != GROVE_OK || ret->count == 1)
        return code;
    error_set(error, GROVE_NOT_FOUND, "there is no table \"%.200s\"", self->request->table);
    error_hint(error, "\"grove psql -- -c '\\d'\" lists those there are; SCHEMA.TABLE where it is "
                      "not in public");
    return GROVE_NOT_FOUND;
}

static enum grove_code read_table(struct user_table *self, struct grove_error *error)
{
    struct pg_rows rows;
    enum grove_code code = look(self, NULL, &rows, error);
    if (code != GROVE_OK)
        return code;
    self->columns = pg_text(&rows, 0, 10);
    if (self->request->key) {
        struct names key = split_key(self, self->request->key);
        code = look(self, &key, &rows, error);
    }
    if (code != GROVE_OK)
        return code;
    self->relation = pg_int8(&rows, 0, 0);
    self->quoted = pg_text(&rows, 0, 1);
    self->name = pg_text(&rows, 0, 2);
    self->kind = pg_text(&rows, 0, 3);
    self->persistence = pg_text(&rows, 0, 4);
    self->is_partition = pg_bool(&rows, 0, 5);
    self->has_children = pg_bool(&rows, 0, 6);
    self->may_read = pg_bool(&rows, 0, 7);
    self->may_trigger = pg_bool(&rows, 0, 8);
    self->rows = pg_int8(&rows, 0, 9);
    self->columns = pg_text(&rows, 0, 10);
    self->key = pg_text(&rows, 0, 11);
    self->others = pg_text(&rows, 0, 13);
    self->attached_as = pg_is_null(&rows, 0, 14) ? 0 : pg_int4(&rows, 0, 14);
    return GROVE_OK;
}

static enum grove_code refuse_kind(const struct user_table *self, struct grove_error *error)
{
    static const struct {
        const char *kind, *what;
    } kinds[] = {{"v", "a view"},          {"m", "a materialized view"},
                 {"f", "a foreign table"}, {"S", "a sequence"},
                 {"i", "an index"},        {"c", "a type"},
                 {"I", "an index"}};
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (!text_equal(self->kind, text_of(kinds[i].kind)))
            continue;
        error_set(error, GROVE_UNSUPPORTED, "\"%.*s\" is %s: nothing tells when its rows change",
                  TEXT_ARGS(self->name), kinds[i].what);
        error_hint(error,
                   "attach the table that the rows are in, with --where for some of them; or "
                   "copy them now and then: grove import --query \"SELECT ...\" --key ...");
        return GROVE_UNSUPPORTED;
    }
    return GROVE_OK;
}

static enum grove_code refuse_table(const struct user_table *self, struct grove_error *error)
{
    const char *why = NULL, *hint = "";
    if (text_starts_with(self->name, "grove.") || text_starts_with(self->name, "pg_catalog.") ||
        text_equal(self->name, text_of("public.content_metadata")))
        why = "is one of grove's, or of PostgreSQL's";
    else if (text_equal(self->persistence, text_of("t")))
        why = "is a temporary table: it goes with its session";
    else if (text_equal(self->persistence, text_of("u"))) {
        why = "is unlogged: a crash empties it, and nothing tells of that";
        hint = "ALTER TABLE ... SET LOGGED";
    } else if (self->is_partition) {
        why = "is a partition";
        hint = "attach the table that it is a partition of, with --where for some of its rows";
    } else if (self->has_children)
        why = "has tables that inherit from it, and nothing tells when their rows change";
    if (why) {
        error_set(error, GROVE_UNSUPPORTED, "\"%.*s\" %s", TEXT_ARGS(self->name), why);
        error_hint(error, "%s", hint);
        return GROVE_UNSUPPORTED;
    }
    if (self->may_read && self->may_trigger)
        return GROVE_OK;
    error_set(error, GROVE_DENIED, "the role of grove may not %s \"%.*s\"",
              self->may_read ? "make triggers on" : "read", TEXT_ARGS(self->name));
    error_hint(error, "GRANT SELECT, TRIGGER ON %.*s TO the role that grove connects as",
               TEXT_ARGS(self->quoted));
    return GROVE_DENIED;
}

static enum grove_code check_key(struct user_table *self, struct grove_error *error)
{
    struct names columns, key;
    const char *given = self->request->key;
    if (self->key.data) {
        if (!names_split(self->key, &self->attachment.key) ||
            self->attachment.key.count > ATTACH_KEYS_MAX)
            return error_set(error, GROVE_LIMIT, "a key of more than %d columns", ATTACH_KEYS_MAX);
        if (!self->others.data)
            return GROVE_OK;
        error_set(error, GROVE_UNSUPPORTED,
                  "the key of \"%.*s\" has columns that cannot be told "
                  "by a text: %.*s",
                  TEXT_ARGS(self->name), TEXT_ARGS(self->others));
        error_hint(error, "whole numbers, numeric, texts, uuid, boolean, enumerations, dates and "
                          "times can be");
        return GROVE_UNSUPPORTED;
    }
    if (!given) {
        error_set(error, GROVE_UNSUPPORTED,
                  "\"%.*s\" has no primary key: nothing tells its rows apart",
                  TEXT_ARGS(self->name));
        error_hint(error,
                   "ALTER TABLE %.*s ADD PRIMARY KEY (...); or --key with columns that are "
                   "NOT NULL and UNIQUE",
                   TEXT_ARGS(self->quoted));
        return GROVE_UNSUPPORTED;
    }
    key = split_key(self, given);
    if (names_split(self->columns, &columns))
        for (size_t i = 0; i < key.count; i++)
            if (!names_have(&columns, key.items[i]))
                return error_set(error, GROVE_NOT_FOUND, "\"%.*s\" has no column \"%.*s\"",
                                 TEXT_ARGS(self->name), TEXT_ARGS(key.items[i]));
    error_set(error, GROVE_UNSUPPORTED, "--key %.200s does not tell the rows of \"%.*s\" apart",
              given, TEXT_ARGS(self->name));
    error_hint(error, "it must be the columns of a PRIMARY KEY, or of a UNIQUE constraint that are "
                      "NOT NULL");
    return GROVE_UNSUPPORTED;
}

// --- the words -----------------------------------------------------------------------------------

static struct text column_of(const struct mapping *mapping, enum mapping_target target)
{
    const struct mapping_template *template = &mapping->targets[target];
    const struct mapping_part *part = &mapping->parts[template->first];
    return template->count > 0 && part->column >= 0 ? mapping->columns[part->column]
                                                    : (struct text){NULL, 0};
}

static enum grove_code take_words(struct user_table *self, struct grove_error *error)
{
    const struct grove_attach_request *request = self->request;
    struct attachment *attachment = &self->attachment;
    struct text type = column_of(&self->mapping, MAPPED_TYPE);
    attachment->path = text_of(request->path);
    attachment->content_type = text_of(request->type ? request->type : "Text");
    if (!request->type && type.data) {
        const char *template = arena_printf(&self->arena, "{%.*s}", TEXT_ARGS(type));
        if (!template)
            return error_no_memory(error, "the columns of a table");
        attachment->content_type = text_of(template);
    }
    attachment->title = column_of(&self->mapping, MAPPED_TITLE);
    attachment->body = column_of(&self->mapping, MAPPED_TEXT);
    attachment->created = column_of(&self->mapping, MAPPED_CREATED);
    attachment->url = column_of(&self->mapping, MAPPED_URL);
    attachment->metadata = column_of(&self->mapping, MAPPED_METADATA);
    attachment->vector = column_of(&self->mapping, MAPPED_VECTOR);
    if (request->where && text_trim(text_of(request->where)).length > 0)
        attachment->condition = text_of(request->where);
    return GROVE_OK;
}

// The columns that there are, and the key's stand-in, as mapping_bind wants them.
static enum grove_code bind(struct user_table *self, struct grove_error *error)
{
    int indexes[MAPPING_COLUMNS_MAX];
    struct text rest = self->columns, name;
    size_t count = 0, most = 1;
    for (size_t i = 0; i < self->columns.length; i++)
        most += self->columns.data[i] == '\x1f';
    struct text *names = arena_alloc_array(&self->arena, most + 1, sizeof *names);
    const char *input = arena_copy(&self->arena, self->name);
    if (!names || !input)
        return error_no_memory(error, "the columns of a table");
    while (rest.length > 0 && text_split(&rest, '\x1f', &name))
        names[count++] = name;
    names[count++] = text_of(ATTACH_KEY);
    enum grove_code code = mapping_bind(&self->mapping, input, names, count, true, indexes, error);
    if (code == GROVE_OK && self->mapping.column_count > ATTACH_COLUMNS_MAX)
        code = error_set(error, GROVE_LIMIT, "more than %d columns are read of a table",
                         ATTACH_COLUMNS_MAX);
    return code;
}

// A tree that no row can be in is told at once.
static enum grove_code check_tree(struct user_table *self, struct grove_error *error)
{
    struct text tree = mapping_tree(&self->mapping);
    struct record_trees trees;
    struct arena arena;
    bool found = !tree.data;
    enum grove_code code = trees_read(self->store, self->call, &arena, &trees, error);
    if (code != GROVE_OK)
        return code;
    for (size_t i = 0; !found && i < trees.count; i++)
        found = text_equal(tree, trees.items[i].tree);
    arena_release(&arena);
    if (found)
        return GROVE_OK;
    error_set(error, GROVE_NOT_FOUND, "--path: there is no tree \"%.*s\"", TEXT_ARGS(tree));
    error_hint(error, "\"grove subject add %.*s\" makes it; \"grove ls\" lists those there are",
               TEXT_ARGS(tree));
    return GROVE_NOT_FOUND;
}

static enum grove_code check_vector(struct user_table *self, struct grove_error *error)
{
    struct text vector = column_of(&self->mapping, MAPPED_VECTOR);
    struct pg_params params = {0};
    struct pg_rows rows;
    if (!vector.data)
        return GROVE_OK;
    pg_add_int8(&params, self->relation);
    pg_add_text(&params, vector);
    enum grove_code code = store_query(self->store, self->call, &self->arena, "attach_vector.sql",
                                       &params, &rows, error);
    if (code != GROVE_OK || (rows.count == 1 && pg_bool(&rows, 0, 1)))
        return code;
    if (rows.count == 0)
        return error_set(error, GROVE_NOT_FOUND, "\"%.*s\" has no column \"%.*s\"",
                         TEXT_ARGS(self->name), TEXT_ARGS(vector));
    struct text type = pg_text(&rows, 0, 0);
    error_set(error, GROVE_UNSUPPORTED,
              "--vector: \"%.*s\" is of the type %.*s, which has no vectors", TEXT_ARGS(vector),
              TEXT_ARGS(type));
    error_hint(error,
               "real[], double precision[], pgvector's vector, or a text or JSON with an "
               "array of %d numbers",
               RECORD_VECTOR_SIZE);
    return GROVE_UNSUPPORTED;
}

static enum grove_code read_words(struct user_table *self, struct grove_error *error)
{
    const struct grove_attach_request *request = self->request;
    const struct grove_import import = {
        .path = request->path,
        .type = request->type,
        .title = request->title,
        .text = request->text,
        .created_at = request->created_at,
        .url = request->url,
        .metadata = request->metadata,
        .vector = request->vector,
        .key = ATTACH_KEY,
    };
    bool braces = memchr(self->name.data, '{', self->name.length) != NULL;
    if (braces || text_characters(self->name) > SOURCE_CHARACTERS_MAX)
        return error_set(error, GROVE_UNSUPPORTED, "the name \"%.*s\" %s", TEXT_ARGS(self->name),
                         braces ? "has braces" : "is too long");
    enum grove_code code = mapping_init(&self->mapping, &import, error);
    self->mapped = code == GROVE_OK;
    if (code == GROVE_OK)
        code = bind(self, error);
    if (code == GROVE_OK)
        code = check_tree(self, error);
    if (code == GROVE_OK)
        code = check_vector(self, error);
    if (code == GROVE_OK)
        code = take_words(self, error);
    self->attachment.source = self->name;
    self->attachment.relation = self->relation;
    self->attachment.table = self->quoted;
    return code;
}

enum grove_code table_judge(struct user_table *self, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    if (!self->request->table || !self->request->table[0])
        return error_set(error, GROVE_INVALID, "no table to attach");
    code = read_table(self, error);
    if (code == GROVE_OK)
        code = refuse_kind(self, error);
    if (code == GROVE_OK)
        code = refuse_table(self, error);
    if (code == GROVE_OK)
        code = check_key(self, error);
    return code == GROVE_OK ? read_words(self, error) : code;
}
