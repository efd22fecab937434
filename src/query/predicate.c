// SPDX-License-Identifier: Apache-2.0
#include "query/predicate.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "catalog/assets.h"
#include "catalog/store.h"
#include "base/nearest.h"
#include "pg/types.h"

// LEVELS: of a path, the tree's name included.
enum {
    LEVELS = 4,
    METADATA_BYTES_MAX = 64 << 10,
    METADATA_MEMBERS_MAX = 64,
    LEAVES_BYTES_MAX = 16 << 20, // what PostgreSQL answers: 8 bytes a leaf
    // Of names that exist, where one does not.
    NAMES_READ = 2000,
    NAMES_SHOWN = 12,
    NAMES_BYTES_MAX = 300,
};

// NOLINTNEXTLINE(misc-redundant-expression): two definitions of one number
static_assert(VECTOR_NONE == GROVE_NULL, "a bound that is not given is the same everywhere");
static_assert(PREDICATE_PLACE < PREDICATE_PARAMS, "the place is the first of the parameters");
static_assert((int)PREDICATE_PARAMS < (int)PG_PARAMS_MAX, "queries have parameters of their own");
static_assert(sizeof(struct path) == LEVELS * sizeof(struct text), "a path has so many names");

// --- checking ---------------------------------------------------------------------------------

static enum grove_code check_types(const struct grove_filter *filter, struct arena *arena,
                                   struct predicate *predicate, struct grove_error *error)
{
    if (filter->content_type_count > PREDICATE_TYPES_MAX)
        return error_set(error, GROVE_INVALID, "%zu content types were asked for, at most %d",
                         filter->content_type_count, PREDICATE_TYPES_MAX);
    CHECK(predicate->content_type_count == 0);
    size_t count = filter->content_type_count;
    predicate->content_types = arena_alloc_array(arena, count, sizeof(struct text));
    if (!predicate->content_types)
        return error_no_memory(error, "a filter");
    for (size_t i = 0; i < count; i++) {
        struct text type = text_of(filter->content_types[i]);
        if (type.length == 0)
            return error_set(error, GROVE_INVALID, "a content type is empty");
        if (text_utf8_error(type) < type.length)
            return error_set(error, GROVE_INVALID, "content type %zu is not UTF-8 at byte %zu",
                             i + 1, text_utf8_error(type));
        if (text_characters(type) > 50)
            return error_set(error, GROVE_INVALID,
                             "content type %zu has %zu characters, at most 50", i + 1,
                             text_characters(type));
        type.data = arena_copy(arena, type);
        if (!type.data)
            return error_no_memory(error, "a filter");
        CHECK(strlen(type.data) == type.length);
        predicate->content_types[i] = type;
    }
    predicate->content_type_count = count;
    CHECK(predicate->content_type_count <= PREDICATE_TYPES_MAX);
    return GROVE_OK;
}

static_assert(GROVE_INFINITY == CLOCK_INFINITY, "one end of time");
// NOLINTNEXTLINE(misc-redundant-expression): as above
static_assert(GROVE_MINUS_INFINITY == CLOCK_MINUS_INFINITY, "and the other");
static_assert(GROVE_1970 > CLOCK_MINUS_INFINITY, "no other bound has this number");

static int64_t time_bound(int64_t given_us)
{
    return given_us == 0 ? VECTOR_NONE : given_us == GROVE_1970 ? 0 : given_us;
}

enum grove_code predicate_check(const struct grove_filter *filter, struct arena *arena,
                                struct predicate *ret, struct grove_error *error)
{
    struct predicate predicate = {
        .created_since_us = time_bound(filter->created_since_us),
        .created_before_us = time_bound(filter->created_until_us),
        .words_min = filter->words_min ? filter->words_min : VECTOR_NONE,
        .words_max = filter->words_max ? filter->words_max : VECTOR_NONE,
    };
    if (filter->words_min < 0 || filter->words_max < 0 || filter->words_min > INT32_MAX ||
        filter->words_max > INT32_MAX)
        return error_set(error, GROVE_INVALID, "a word count must be between 1 and %d", INT32_MAX);
    if (filter->words_min && filter->words_max && filter->words_min > filter->words_max)
        return error_set(error, GROVE_INVALID,
                         "at least %lld and at most %lld words: no row can be "
                         "both",
                         (long long)filter->words_min, (long long)filter->words_max);
    if (predicate.created_since_us != VECTOR_NONE && predicate.created_before_us != VECTOR_NONE &&
        predicate.created_since_us >= predicate.created_before_us)
        return error_set(error, GROVE_INVALID, "the time range ends before it begins");
    enum grove_code code = check_types(filter, arena, &predicate, error);
    if (code == GROVE_OK && filter->path) {
        predicate.has_path = true;
        code = path_parse(arena, filter->path, &predicate.path, error);
    }
    CHECK(code != GROVE_OK || predicate.has_path == (predicate.path.tree.data != NULL));
    CHECK(code != GROVE_OK || !predicate.path.leaf.data || predicate.path.limb.data);
    CHECK(code != GROVE_OK || !predicate.path.limb.data || predicate.path.branch.data);
    if (code == GROVE_OK)
        *ret = predicate;
    return code;
}

// Each member has a name of its own, and a value that can be compared.
static enum grove_code check_members(yyjson_val *object, struct grove_error *error)
{
    yyjson_obj_iter all = yyjson_obj_iter_with(object), before;
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&all));) {
        struct text name = json_text(key);
        yyjson_val *value = yyjson_obj_iter_get_val(key);
        if (name.length == 0)
            return error_set(error, GROVE_INVALID, "a name in the metadata to match is empty");
        if (yyjson_is_ctn(value))
            return error_set(error, GROVE_INVALID,
                             "\"%.100s\" of the metadata to match is a list or an object: single "
                             "values can be compared, strings, numbers, true, false and null",
                             name.data);
        if (memchr(name.data, 0, name.length) ||
            (yyjson_is_str(value) && memchr(yyjson_get_str(value), 0, yyjson_get_len(value))))
            return error_set(error, GROVE_INVALID,
                             "\"%.100s\" of the metadata to match has a null character", name.data);
        before = yyjson_obj_iter_with(object);
        for (yyjson_val *other; (other = yyjson_obj_iter_next(&before)) != key;)
            if (text_equal(json_text(other), name))
                return error_set(error, GROVE_INVALID,
                                 "\"%.100s\" is twice in the metadata to match", name.data);
    }
    return GROVE_OK;
}

enum grove_code predicate_check_metadata(struct predicate *predicate, const char *object,
                                         struct arena *arena, struct grove_error *error)
{
    yyjson_read_err failure;
    CHECK(!predicate->metadata.data);
    if (!object)
        return GROVE_OK;
    struct text text = text_of(object);
    if (text.length > METADATA_BYTES_MAX)
        return error_set(error, GROVE_LIMIT, "the metadata to match has %zu bytes, at most %d",
                         text.length, METADATA_BYTES_MAX);
    char *copy = arena_copy(arena, text);
    if (!copy)
        return error_no_memory(error, "a filter");
    yyjson_doc *document =
        yyjson_read_opts(copy, text.length, YYJSON_READ_NUMBER_AS_RAW, json_allocator(), &failure);
    if (!document)
        return error_set(error, GROVE_INVALID, "the metadata to match is no JSON at byte %zu: %s",
                         failure.pos + 1, failure.msg);
    yyjson_val *root = yyjson_doc_get_root(document);
    size_t count = yyjson_obj_size(root);
    enum grove_code code = GROVE_OK;
    if (!yyjson_is_obj(root) || count == 0)
        code = error_set(error, GROVE_INVALID,
                         "the metadata to match is no JSON object with members: {\"author\": "
                         "\"Ada\"}");
    else if (count > METADATA_MEMBERS_MAX)
        code = error_set(error, GROVE_LIMIT, "the metadata to match has %zu members, at most %d",
                         count, METADATA_MEMBERS_MAX);
    else
        code = check_members(root, error);
    yyjson_doc_free(document);
    if (code == GROVE_OK)
        predicate->metadata = (struct text){copy, text.length};
    return code;
}

// --- resolving --------------------------------------------------------------------------------

// The nearest of the names that exist, as they are typed in a path: as many as a hint has room for,
// and how many there are.
static void hint_at_names(struct text wanted, const struct pg_rows *names, struct arena *arena,
                          struct grove_error *error)
{
    struct text *known = arena_alloc_array(arena, (size_t)names->count, sizeof *known);
    if (!known)
        return;
    for (int r = 0; r < names->count; r++)
        known[r] = pg_text(names, r, 0);
    int64_t count = pg_int8(names, 0, 1), shown = 0;
    struct strbuf list;
    strbuf_init(&list, (size_t)2 * NAMES_BYTES_MAX);
    nearest_sort(wanted, known, (size_t)names->count);
    for (; shown < names->count && shown < NAMES_SHOWN; shown++) {
        if (shown > 0 && list.length + known[shown].length > NAMES_BYTES_MAX)
            break;
        strbuf_add(&list, shown > 0 ? ", " : "");
        path_add_name(&list, known[shown]);
    }
    if (!list.failed && shown < count)
        error_hint(error, "there are %lld, the nearest: %s", (long long)count, list.data);
    else if (!list.failed)
        error_hint(error, "there %s: %s", count == 1 ? "is" : "are", list.data);
    strbuf_release(&list);
}

// Which part of the path does not exist, and what does, for a message.
static enum grove_code report_unknown(const struct predicate *predicate, int level,
                                      const struct pg_rows *names, struct arena *arena,
                                      struct grove_error *error)
{
    static const char *const level_names[] = {"tree", "branch", "limb", "leaf"};
    static_assert(ARRAY_COUNT(level_names) == LEVELS, "a name for each");
    CHECK(level >= 0);
    CHECK(level < LEVELS);
    const struct text parts[] = {predicate->path.tree, predicate->path.branch, predicate->path.limb,
                                 predicate->path.leaf};
    CHECK(parts[level].data);
    struct path above = predicate->path;
    if (level <= 3)
        above.leaf = (struct text){0};
    if (level <= 2)
        above.limb = (struct text){0};
    if (level <= 1)
        above.branch = (struct text){0};
    const char *where = level > 0 ? path_format(arena, &above) : NULL;
    error_set(error, GROVE_NOT_FOUND, "%s \"%.*s\" does not exist%s%s%s", level_names[level],
              TEXT_ARGS(parts[level]), where ? " in \"" : "", where ? where : "",
              where ? "\"" : "");
    if (names->count == 0) {
        error_hint(error,
                   "nothing is there yet%s%s%s: load something with grove load or grove demo",
                   where ? ", in \"" : "", where ? where : "", where ? "\"" : "");
        return GROVE_NOT_FOUND;
    }
    hint_at_names(parts[level], names, arena, error);
    return GROVE_NOT_FOUND;
}

// Walks down the path to the first name that does not exist.
static enum grove_code find_unknown(const struct predicate *predicate, struct pg_conn *conn,
                                    struct arena *arena, struct grove_error *error)
{
    static const struct text none;
    CHECK(predicate->path.tree.data);
    const struct text parts[] = {predicate->path.tree, predicate->path.branch, predicate->path.limb,
                                 predicate->path.leaf};
    for (int level = 0; level < LEVELS && parts[level].data; level++) {
        struct pg_params params = {0};
        pg_add_text(&params, level > 0 ? parts[0] : none);
        pg_add_text(&params, level > 1 ? parts[1] : none);
        pg_add_text(&params, level > 2 ? parts[2] : none);
        pg_add_text(&params, parts[level]);
        pg_add_int4(&params, NAMES_READ);
        struct pg_rows names;
        enum grove_code code = store_query_on(conn, arena, "siblings.sql", &params, &names, error);
        if (code != GROVE_OK)
            return code;
        if (names.count == 0 || !pg_bool(&names, 0, 2))
            return report_unknown(predicate, level, &names, arena, error);
    }
    // Made while we looked.
    error_set(error, GROVE_NOT_FOUND, "the path did not exist a moment ago");
    error->retry = GROVE_RETRY_LATER;
    return GROVE_NOT_FOUND;
}

static void add_path(const struct path *path, struct pg_params *params)
{
    pg_add_text(params, path->tree);
    pg_add_text(params, path->branch);
    pg_add_text(params, path->limb);
    pg_add_text(params, path->leaf);
}

static void add_place(const struct predicate *predicate, struct pg_params *params)
{
    enum { INT4_ARRAY_OID = 1007 };
    static_assert((int)INT4_ARRAY_OID == (int)PG_INT4_ARRAY, "as PostgreSQL numbers its types");
    pg_add_text(params, predicate->hierarchy_table);
    if (predicate->place_depth > 0)
        pg_add_same(params, &predicate->place_array, 0);
    else
        pg_add_null(params, INT4_ARRAY_OID);
}

static enum grove_code take_place(struct predicate *predicate, const struct pg_rows *rows,
                                  struct arena *arena, struct grove_error *error)
{
    const struct text names[] = {predicate->path.branch, predicate->path.limb,
                                 predicate->path.leaf};
    static_assert(ARRAY_COUNT(names) == PREDICATE_LEVELS, "a number for each");
    CHECK(rows->count == 1); // a tree's name is its own
    CHECK(predicate->place_depth == 0);
    const char *table = arena_copy(arena, pg_text(rows, 0, 0));
    if (!table)
        return error_no_memory(error, "the place of a path");
    predicate->hierarchy_table = text_of(table);
    for (size_t i = 0; i < PREDICATE_LEVELS && names[i].data; i++) {
        predicate->place[i] = pg_int4(rows, 0, (int)i + 1);
        predicate->place_depth = i + 1;
    }
    // Of a leaf the engine has the id anyway, and a tree is its table.
    predicate->by_leaves = !pg_bool(rows, 0, 4) && predicate->place_depth > 0 &&
                           predicate->place_depth < PREDICATE_LEVELS;
    predicate->parts_exist = pg_bool(rows, 0, 5);
    predicate->place_array = (struct pg_params){0};
    if (predicate->place_depth > 0)
        pg_add_int4_array(&predicate->place_array, arena, predicate->place, predicate->place_depth);
    return predicate->place_array.failed ? error_no_memory(error, "the place of a path") : GROVE_OK;
}

static enum grove_code take_leaves(const struct pg_rows *rows, struct arena *arena,
                                   struct predicate_leaves *ret, struct grove_error *error)
{
    CHECK(rows->count == 1);
    const char *hash = arena_copy(arena, pg_text(rows, 0, 1));
    if (!hash)
        return error_no_memory(error, "the leaves of a path");
    ret->hash = text_of(hash);
    enum grove_code code = pg_int4_array(rows, 0, 0, arena, &ret->ids, &ret->count, error);
    for (size_t i = 1; code == GROVE_OK && i < ret->count; i++)
        CHECK(ret->ids[i - 1] < ret->ids[i]);
    return code;
}

// Planned for this very place: what is good for a limb is not for a branch.
enum grove_code predicate_read_leaves(const struct predicate *predicate, struct pg_conn *conn,
                                      struct arena *arena, struct predicate_leaves *ret,
                                      struct grove_error *error)
{
    struct pg_params params = {0};
    CHECK(predicate->hierarchy_table.data);
    add_place(predicate, &params);
    struct pg_rows rows;
    struct arena answer; // gone when the leaves are taken from it
    arena_init_counting(&answer, LEAVES_BYTES_MAX);
    enum grove_code code =
        store_query_planned_on(conn, &answer, "leaves.sql", &params, &rows, error);
    if (code == GROVE_OK)
        code = take_leaves(&rows, arena, ret, error);
    arena_release(&answer);
    return code;
}

// Of the row of place.sql: a tree may be empty; a name below it that has no leaf does not exist.
static bool is_there(const struct predicate *predicate, const struct pg_rows *rows)
{
    return rows->count > 0 && (!pg_is_null(rows, 0, 3) || !predicate->path.branch.data);
}

static enum grove_code read_place(const struct path *path, struct pg_conn *conn,
                                  struct arena *arena, struct pg_rows *ret,
                                  struct grove_error *error)
{
    struct pg_params params = {0};
    add_path(path, &params);
    return store_query_on(conn, arena, "place.sql", &params, ret, error);
}

// Of the same names in other bytes, which are the path from then on where it is there.
static enum grove_code read_place_in_form(struct predicate *predicate, enum path_form form,
                                          struct pg_conn *conn, struct arena *arena,
                                          struct pg_rows *rows, struct grove_error *error)
{
    struct path path;
    bool other;
    CHECK(predicate->has_path);
    if (!path_in(form, &predicate->path, arena, &path, &other))
        return error_no_memory(error, "a path");
    if (!other)
        return GROVE_OK;
    enum grove_code code = read_place(&path, conn, arena, rows, error);
    if (code == GROVE_OK && is_there(predicate, rows))
        predicate->path = path;
    return code;
}

enum grove_code predicate_resolve(struct predicate *predicate, struct pg_conn *conn,
                                  struct arena *arena, struct grove_error *error)
{
    if (!predicate->has_path)
        return GROVE_OK;
    struct pg_rows rows;
    enum grove_code code = read_place(&predicate->path, conn, arena, &rows, error);
    if (code == GROVE_OK && !is_there(predicate, &rows))
        code = read_place_in_form(predicate, PATH_COMPOSED, conn, arena, &rows, error);
    if (code == GROVE_OK && !is_there(predicate, &rows))
        code = read_place_in_form(predicate, PATH_DECOMPOSED, conn, arena, &rows, error);
    if (code != GROVE_OK)
        return code;
    if (!is_there(predicate, &rows))
        return find_unknown(predicate, conn, arena, error);
    code = take_place(predicate, &rows, arena, error);
    if (code != GROVE_OK || !predicate->by_leaves)
        return code;
    return predicate_read_leaves(predicate, conn, arena, &predicate->leaves, error);
}

// --- using ------------------------------------------------------------------------------------

static void add_int4_or_null(struct pg_params *params, int64_t value)
{
    enum { INT4_OID = 23 };
    static_assert((int)INT4_OID == (int)PG_INT4, "as PostgreSQL numbers its types");
    CHECK(value == VECTOR_NONE || value >= 0);
    CHECK(value <= INT32_MAX);
    if (value == VECTOR_NONE)
        pg_add_null(params, INT4_OID);
    else
        pg_add_int4(params, (int32_t)value);
}

// A path is resolved before anybody is asked: else the condition would be one of all trees.
static void check_resolved(const struct predicate *predicate)
{
    CHECK(predicate->has_path == (predicate->hierarchy_table.data != NULL));
    CHECK(predicate->place_array.count == (predicate->place_depth > 0));
    CHECK(predicate->by_leaves == (predicate->leaves.hash.data != NULL));
}

void predicate_add_place(const struct predicate *predicate, struct arena *arena,
                         struct pg_params *params)
{
    check_resolved(predicate);
    add_place(predicate, params);
    pg_add_text_array(params, arena,
                      predicate->content_type_count > 0 ? predicate->content_types : NULL,
                      predicate->content_type_count);
    CHECK(params->count == PREDICATE_PLACE);
}

void predicate_add_numbers(const struct predicate *predicate, struct pg_params *params)
{
    check_resolved(predicate);
    CHECK(predicate->has_path);
    add_place(predicate, params);
    CHECK(params->count == PREDICATE_NUMBERS);
}

void predicate_add_params(const struct predicate *predicate, struct arena *arena,
                          struct pg_params *params)
{
    predicate_add_place(predicate, arena, params);
    pg_add_timestamp(params, predicate->created_since_us);
    pg_add_timestamp(params, predicate->created_before_us);
    add_int4_or_null(params, predicate->words_min);
    add_int4_or_null(params, predicate->words_max);
    pg_add_text(params, predicate->metadata);
    CHECK(params->count == PREDICATE_PARAMS);
}

void predicate_add_same_leaves(const struct predicate *predicate, struct pg_params *params)
{
    check_resolved(predicate);
    CHECK(predicate->has_path);
    add_path(&predicate->path, params);
    add_place(predicate, params);
    pg_add_text(params, predicate->leaves.hash);
}

void predicate_forget_place(struct predicate *predicate)
{
    predicate->hierarchy_table = (struct text){0};
    predicate->place_depth = 0;
    predicate->place_array = (struct pg_params){0};
    predicate->by_leaves = false;
    predicate->leaves = (struct predicate_leaves){0};
}

bool predicate_has_bounds(const struct predicate *predicate)
{
    return predicate->content_type_count > 0 || predicate->created_since_us != VECTOR_NONE ||
           predicate->created_before_us != VECTOR_NONE || predicate->words_min != VECTOR_NONE ||
           predicate->words_max != VECTOR_NONE || predicate->metadata.data;
}

bool predicate_is_filter(const struct predicate *predicate)
{
    return predicate->has_path || predicate_has_bounds(predicate);
}

bool predicate_is_kept_count(const struct predicate *predicate)
{
    check_resolved(predicate);
    struct predicate bounds = *predicate;
    CHECK(predicate->place_depth <= PREDICATE_LEVELS);
    bounds.content_type_count = 0;
    return predicate_is_filter(predicate) && predicate->place_depth == 0 &&
           !predicate_has_bounds(&bounds);
}

// A tree is its table, a leaf its id there, a branch or a limb its number.
struct vector_filter predicate_for_engine(const struct predicate *predicate)
{
    check_resolved(predicate);
    size_t depth = predicate->place_depth;
    bool numbered = !predicate->by_leaves && (depth == 1 || depth == 2), leaf = depth == 3;
    return (struct vector_filter){
        .hierarchy_tables = &predicate->hierarchy_table,
        .hierarchy_table_count = predicate->has_path && !numbered ? 1 : 0,
        .by_leaf = predicate->by_leaves || leaf,
        .leaf_ids = leaf ? &predicate->place[2] : predicate->leaves.ids,
        .leaf_id_count = leaf                   ? 1
                         : predicate->by_leaves ? predicate->leaves.count
                                                : 0,
        .branch_id = numbered && depth == 1 ? predicate->place[0] : 0,
        .limb_id = numbered && depth == 2 ? predicate->place[1] : 0,
        .content_types = predicate->content_types,
        .content_type_count = predicate->content_type_count,
        .created_since_us = predicate->created_since_us,
        .created_before_us = predicate->created_before_us,
        .words_min = predicate->words_min,
        .words_max = predicate->words_max,
    };
}

uint64_t predicate_fingerprint(const struct predicate *predicate, struct text subject)
{
    struct strbuf all;
    strbuf_init(&all, 1 << 20);
    const struct text parts[] = {subject, predicate->path.tree, predicate->path.branch,
                                 predicate->path.limb, predicate->path.leaf};
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        strbuf_addf(&all, "%zu:", parts[i].length);
        strbuf_add_text(&all, parts[i]);
    }
    for (size_t i = 0; i < predicate->content_type_count; i++) {
        strbuf_addf(&all, "%zu:", predicate->content_types[i].length);
        strbuf_add_text(&all, predicate->content_types[i]);
    }
    strbuf_addf(&all, "/%lld/%lld", (long long)predicate->words_min,
                (long long)predicate->words_max);
    if (predicate->metadata.data) { // else as it was before there was any
        strbuf_addf(&all, "/%zu:", predicate->metadata.length);
        strbuf_add_text(&all, predicate->metadata);
    }
    unsigned char digest[SHA256_BYTES];
    static_assert(sizeof digest >= sizeof(uint64_t), "a fingerprint is the head of it");
    sha256(strbuf_text(&all), digest);
    strbuf_release(&all);
    uint64_t fingerprint;
    memcpy(&fingerprint, digest, sizeof fingerprint);
    return fingerprint;
}
