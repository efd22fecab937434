// SPDX-License-Identifier: Apache-2.0
#include "catalog/path.h"

#include <utf8proc.h>

#include "base/check.h"
#include "base/strbuf.h"

enum { LEVELS = 4, PATH_BYTES_MAX = 8192 };

static const char *const level_names[LEVELS] = {"tree", "branch", "limb", "leaf"};

static enum grove_code check_name(struct text name, int level, const char *string,
                                  struct grove_error *error)
{
    size_t characters_max = level == 0 ? PATH_TREE_CHARACTERS_MAX : PATH_NAME_CHARACTERS_MAX;
    if (text_trim(name).length == 0) {
        error_set(error, GROVE_INVALID, "path \"%.200s\" has an empty %s", string,
                  level_names[level]);
        error_hint(error, "a path is tree[/branch[/limb[/leaf]]], as in "
                          "religion/Christianity/Protestant-Baptist");
        return GROVE_INVALID;
    }
    if (text_characters(name) > characters_max)
        return error_set(error, GROVE_INVALID, "%s \"%.*s\" has %zu characters, at most %zu",
                         level_names[level], 200 < (int)name.length ? 200 : (int)name.length,
                         name.data, text_characters(name), characters_max);
    for (size_t i = 0; i < name.length; i++)
        if ((unsigned char)name.data[i] < 0x20 || name.data[i] == 0x7f)
            return error_set(error, GROVE_INVALID, "the %s of the path has a control character",
                             level_names[level]);
    return GROVE_OK;
}

// Unescapes one name into *buffer and moves *position behind its slash, or to the end.
static void take_name(const char *string, size_t *position, char *buffer, size_t *ret_length)
{
    size_t length = 0, i = *position;
    for (; string[i] && string[i] != '/'; i++) {
        if (string[i] == '\\' && (string[i + 1] == '/' || string[i + 1] == '\\'))
            i++;
        buffer[length++] = string[i];
    }
    *ret_length = length;
    *position = string[i] == '/' ? i + 1 : i;
}

enum grove_code path_parse(struct arena *arena, const char *string, struct path *ret,
                           struct grove_error *error)
{
    struct text whole = text_of(string);
    if (whole.length > PATH_BYTES_MAX)
        return error_set(error, GROVE_INVALID, "the path has %zu bytes, at most %d", whole.length,
                         PATH_BYTES_MAX);
    if (text_utf8_error(whole) < whole.length)
        return error_set(error, GROVE_INVALID, "the path is not UTF-8 at byte %zu",
                         text_utf8_error(whole));
    // Slashes at the end are a habit from file names.
    char *trimmed = arena_copy(arena, whole);
    char *names = arena_alloc(arena, whole.length + LEVELS);
    if (!trimmed || !names)
        return error_no_memory(error, "a path");
    size_t end = whole.length;
    while (end > 1 && trimmed[end - 1] == '/' && trimmed[end - 2] != '\\')
        trimmed[--end] = '\0';

    struct text parts[LEVELS] = {0};
    size_t position = 0;
    int level = 0;
    do {
        if (level == LEVELS) {
            error_set(error, GROVE_INVALID, "path \"%.200s\" has more than four parts", string);
            error_hint(error, "a path is tree[/branch[/limb[/leaf]]]; write \\/ for a slash inside "
                              "a name");
            return GROVE_INVALID;
        }
        size_t length;
        bool slash = false;
        take_name(trimmed, &position, names, &length);
        slash =
            position > 0 && trimmed[position - 1] == '/' && position <= end && trimmed[position];
        parts[level] = (struct text){names, length};
        names += length;
        enum grove_code code = check_name(parts[level], level, string, error);
        if (code != GROVE_OK)
            return code;
        level++;
        if (!slash)
            break;
    } while (true);
    *ret = (struct path){parts[0], parts[1], parts[2], parts[3]};
    return GROVE_OK;
}

static bool is_ascii(struct text text)
{
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.data[i] >= 0x80)
            return false;
    return true;
}

bool path_name_in(enum path_form form, struct text name, struct arena *arena, struct text *ret)
{
    const utf8proc_option_t how =
        // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): options are added up
        UTF8PROC_STABLE | (form == PATH_COMPOSED ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE);
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)name.data;
    utf8proc_ssize_t length = (utf8proc_ssize_t)name.length;
    *ret = name;
    utf8proc_ssize_t count = is_ascii(name) ? 0 : utf8proc_decompose(bytes, length, NULL, 0, how);
    if (count <= 0) // below 0: no UTF-8, which is told elsewhere
        return true;
    utf8proc_int32_t *points = arena_alloc_array(arena, (size_t)count + 1, sizeof *points);
    if (!points)
        return false;
    count = utf8proc_decompose(bytes, length, points, count, how);
    CHECK(count > 0);
    length = utf8proc_reencode(points, count, how); // in the same place
    CHECK(length > 0);
    *ret = (struct text){(const char *)points, (size_t)length};
    return true;
}

bool path_in(enum path_form form, const struct path *path, struct arena *arena, struct path *ret,
             bool *ret_other)
{
    *ret = (struct path){.tree = path->tree};
    bool good = path_name_in(form, path->branch, arena, &ret->branch) &&
                path_name_in(form, path->limb, arena, &ret->limb) &&
                path_name_in(form, path->leaf, arena, &ret->leaf);
    *ret_other = good && !(text_equal(path->branch, ret->branch) &&
                           text_equal(path->limb, ret->limb) && text_equal(path->leaf, ret->leaf));
    return good;
}

void path_add_name(struct strbuf *out, struct text name)
{
    for (size_t i = 0; i < name.length; i++) {
        if (name.data[i] == '/' || name.data[i] == '\\')
            strbuf_add_char(out, '\\');
        strbuf_add_char(out, name.data[i]);
    }
}

char *path_format(struct arena *arena, const struct path *path)
{
    const struct text parts[LEVELS] = {path->tree, path->branch, path->limb, path->leaf};
    struct strbuf buffer;
    strbuf_init(&buffer, 2 * PATH_BYTES_MAX + LEVELS);
    for (int level = 0; level < LEVELS && parts[level].data; level++) {
        if (level > 0)
            strbuf_add_char(&buffer, '/');
        path_add_name(&buffer, parts[level]);
    }
    char *result = buffer.failed ? NULL : arena_copy(arena, strbuf_text(&buffer));
    strbuf_release(&buffer);
    return result;
}
