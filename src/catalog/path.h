// SPDX-License-Identifier: Apache-2.0
//
// A place in a tree, written "tree[/branch[/limb[/leaf]]]". Inside a name "\/" stands for a slash
// and "\\" for a backslash.
#ifndef GROVE_CATALOG_PATH_H
#define GROVE_CATALOG_PATH_H

#include "base/arena.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/text.h"

enum { PATH_NAME_CHARACTERS_MAX = 100, PATH_TREE_CHARACTERS_MAX = 40 };

struct path {
    struct text tree;
    struct text branch; // {NULL, 0} where the path ends before it, and so on
    struct text limb;
    struct text leaf;
};

// Names are unescaped into the arena. GROVE_INVALID: an empty name, more than four, one too long,
// ill-formed UTF-8 or control characters.
enum grove_code path_parse(struct arena *arena, const char *string, struct path *ret,
                           struct grove_error *error);

// What is written the same may be other bytes: an accent as a part of its letter (NFC), or behind
// it (NFD, as file names of macOS have it). Names of places are written in the former; those that
// clients of SQL wrote in the latter are found as well. False: out of memory.
enum path_form { PATH_COMPOSED, PATH_DECOMPOSED };
bool path_name_in(enum path_form form, struct text name, struct arena *arena,
                  struct text *ret) GROVE_MUST_CHECK;
// The same of all names but the tree's; *ret_other: one of them is other bytes now.
bool path_in(enum path_form form, const struct path *path, struct arena *arena, struct path *ret,
             bool *ret_other) GROVE_MUST_CHECK;

// Appends a name as path_parse reads it.
void path_add_name(struct strbuf *out, struct text name);

// The same of a path. NULL: out of memory.
char *path_format(struct arena *arena, const struct path *path);

#endif
