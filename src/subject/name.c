// SPDX-License-Identifier: Apache-2.0
#include "subject/name.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "grove/subject.h"

static const char suffix[] = "_hierarchy";

enum {
    TABLE_MAX = 50,    // content_metadata.hierarchy_table is varchar(50)
    NAMEDATA_MAX = 63, // bytes of a name in PostgreSQL
};
// The longest name that is made of it: its sequence.
static_assert(GROVE_SUBJECT_NAME_MAX + sizeof "_hierarchy_id_seq" - 1 <= NAMEDATA_MAX, "sequence");
static_assert(GROVE_SUBJECT_NAME_MAX + sizeof suffix - 1 <= TABLE_MAX, "hierarchy_table");

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_plain(const char *name)
{
    if (!is_lower(name[0]))
        return false;
    for (const char *c = name; *c; c++)
        if (!is_lower(*c) && !(*c >= '0' && *c <= '9') && *c != '_')
            return false;
    return true;
}

// The same in lower case, where that is a name.
static bool lowered(const char *name, char ret[static GROVE_SUBJECT_NAME_MAX + 1])
{
    size_t i = 0;
    for (; name[i] && i < GROVE_SUBJECT_NAME_MAX; i++)
        ret[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] - 'A' + 'a') : name[i];
    ret[i] = '\0';
    return !name[i] && is_plain(ret);
}

// What begins so is PostgreSQL's, or grove's own.
static bool is_kept(const char *name)
{
    return strncmp(name, "pg_", 3) == 0 || strcmp(name, "grove") == 0 ||
           strncmp(name, "grove_", 6) == 0;
}

static size_t shown(const char *name)
{
    size_t length = strlen(name);
    return length < 100 ? length : 100;
}

enum grove_code name_check(const char *name, struct grove_error *error)
{
    char lower[GROVE_SUBJECT_NAME_MAX + 1];
    if (!name || !name[0])
        return error_set(error, GROVE_INVALID, "a subject needs a name");
    if (text_utf8_error(text_of(name)) < strlen(name))
        return error_set(error, GROVE_INVALID, "the name of the subject is not UTF-8");
    if (strlen(name) > GROVE_SUBJECT_NAME_MAX) {
        error_set(error, GROVE_INVALID, "the subject's name \"%.*s\" has %zu bytes, at most %d",
                  (int)shown(name), name, strlen(name), GROVE_SUBJECT_NAME_MAX);
        error_hint(error, "its table is called after it, with \"%s\" behind: %d characters in all",
                   suffix, TABLE_MAX);
        return GROVE_INVALID;
    }
    if (!is_plain(name)) {
        error_set(error, GROVE_INVALID, "\"%s\" cannot be a subject's name", name);
        error_hint(error,
                   lowered(name, lower) ? "names are in lower case: %s"
                                        : "a name has lower-case letters (a-z), digits and _, and "
                                          "begins with a letter",
                   lower);
        return GROVE_INVALID;
    }
    if (is_kept(name)) {
        error_set(error, GROVE_INVALID, "the name \"%s\" is reserved", name);
        error_hint(error, "what begins with pg_ is PostgreSQL's, with grove_ grove's own");
        return GROVE_INVALID;
    }
    return GROVE_OK;
}

enum grove_code name_check_table(const char *table, struct grove_error *error)
{
    size_t length = strlen(table);
    if (is_plain(table) && length <= TABLE_MAX && length >= sizeof suffix &&
        strcmp(table + length - (sizeof suffix - 1), suffix) == 0)
        return GROVE_OK;
    return error_set(error, GROVE_UNSUPPORTED,
                     "the table \"%.*s\" is not called as grove calls those of subjects",
                     (int)shown(table), table);
}

bool name_is_specified(const char *table)
{
    char quoted[TABLE_MAX + 3];
    return (size_t)snprintf(quoted, sizeof quoted, "'%s'", table) < sizeof quoted &&
           strstr(NAME_SPECIFIED_TABLES, quoted);
}
