// SPDX-License-Identifier: Apache-2.0
//
// What a struct is as JSON: said once, by a table of its members, for whoever writes it and for the
// schema that describes it.
//
//     static const struct shape_member place_members[] = {
//         SHAPE_OF(struct grove_place, name),
//         SHAPE_OF(struct grove_place, contents),
//         {0},
//     };
//     static const struct shape place_shape = {"Place", place_members};
//     shape_add(&out, &place_shape, place);      // {"name":"religion","contents":8}
//
// Names of members are a promise: docs/cli.md tells them, and they are only ever added. A member
// that does not apply is null; it is left out only where `present` says so.
//
// Errors: running out of memory marks *out as failed. Threads: any.
#ifndef GROVE_COMMANDS_SHAPE_H
#define GROVE_COMMANDS_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

enum shape_kind {
    SHAPE_END = 0,
    SHAPE_TEXT,     // const char *; NULL is null
    SHAPE_BOOL,     // bool
    SHAPE_INT32,    // int32_t, int
    SHAPE_UNSIGNED, // unsigned
    SHAPE_INT64,    // int64_t; GROVE_NULL is null
    SHAPE_NUMBER,   // double, with so many decimals; NaN is null
    SHAPE_TIME,     // int64_t, microseconds since 1970; GROVE_NULL is null
    SHAPE_WORD,     // unsigned or an enumeration: which of `words`
    SHAPE_INT32S,   // const int32_t *, and how many
    SHAPE_FLOATS,   // const float *, and how many
    SHAPE_OBJECT,   // a struct
    SHAPE_POINTER,  // a pointer to one; NULL is null
    SHAPE_LIST,     // a pointer to the first of several, and how many
    SHAPE_MEMBERS,  // a struct whose members are those of this one as well
    SHAPE_JSON,     // const char *: a JSON object, as it is written
    SHAPE_BESIDE,   // a struct that stands beside this one in a list of its own, or null
};

struct shape {
    const char *name; // in the schema
    const struct shape_member *members;
    size_t size_bytes; // of the struct, where it stands in lists
};

struct shape_member {
    const char *name;
    enum shape_kind kind; // SHAPE_END ends a table
    size_t offset;
    size_t count_offset; // of the size_t that says how many
    // Of a list: of a pointer to as many pointers, what stands beside each; NULL: nothing does. 0:
    // there is no such pointer.
    size_t beside_offset;
    int decimals;
    bool nullable;     // it may be null
    const char *words; // with spaces between
    const struct shape *shape;
    bool (*present)(const void *object); // NULL: it always is
};

// clang-format off
#define SHAPE_KIND(type, member)                                                                   \
    _Generic(((type *)0)->member, const char *: SHAPE_TEXT, bool: SHAPE_BOOL, int: SHAPE_INT32,    \
             unsigned: SHAPE_UNSIGNED, int64_t: SHAPE_INT64, double: SHAPE_NUMBER)
// clang-format on

// A member that is called as in the struct, and is what its type says.
#define SHAPE_OF(type, member) SHAPE_AS(#member, type, member)
#define SHAPE_AS(key, type, member)                                                                \
    {.name = (key),                                                                                \
     .kind = SHAPE_KIND(type, member),                                                             \
     .offset = offsetof(type, member),                                                             \
     .decimals = 6}
// The same where it may be null.
#define SHAPE_NULLABLE(type, member) SHAPE_NULLABLE_AS(#member, type, member)
#define SHAPE_NULLABLE_AS(key, type, member)                                                       \
    {.name = (key),                                                                                \
     .kind = SHAPE_KIND(type, member),                                                             \
     .offset = offsetof(type, member),                                                             \
     .decimals = 6,                                                                                \
     .nullable = true}

// Appends an object.
void shape_add(struct strbuf *out, const struct shape *shape, const void *object);
// The same with what stands beside it in a list; NULL: nothing does.
void shape_add_beside(struct strbuf *out, const struct shape *shape, const void *object,
                      const void *beside);

#endif
