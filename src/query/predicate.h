// SPDX-License-Identifier: Apache-2.0
//
// What a row must satisfy, checked and resolved: a path has become a place, which is a number or
// two however many leaves it has, so that the same condition can be asked of PostgreSQL and of the
// vector engine.
//
//     code = predicate_check(&filter, arena, &predicate, error);    // no server needed
//     code = predicate_resolve(&predicate, conn, arena, error);     // path -> place
//     predicate_add_params(&predicate, arena, &params);             // $1 to $8 of sql/queries
//     struct vector_filter for_engine = predicate_for_engine(&predicate);
#ifndef GROVE_QUERY_PREDICATE_H
#define GROVE_QUERY_PREDICATE_H

#include "catalog/path.h"
#include "grove/grove.h"
#include "pg/pg.h"
#include "vector/engine.h"

// PARAMS, PLACE, NUMBERS: what predicate_add_params and its like add; LEVELS: below a tree.
enum {
    PREDICATE_TYPES_MAX = 64,
    PREDICATE_PARAMS = 8,
    PREDICATE_PLACE = 3,
    PREDICATE_NUMBERS = 2,
    PREDICATE_LEVELS = 3,
};

struct predicate_leaves {
    const int32_t *ids; // ascending
    size_t count;
    struct text hash; // by which a statement knows them again
};

struct predicate {
    bool has_path;
    struct path path;
    struct text hierarchy_table;     // of the path's tree, once resolved
    int32_t place[PREDICATE_LEVELS]; // the numbers of branch, limb and leaf, once resolved
    size_t place_depth;              // as many of them; 0: a whole tree, or no path
    struct pg_params place_array;    // the same, as statements get them
    bool by_leaves; // the engine is asked for leaves: not all points have the numbers
    struct predicate_leaves leaves; // where it is
    bool parts_exist;               // some contents are parts of documents, once a path is resolved
    struct text *content_types;
    size_t content_type_count; // 0: any
    int64_t created_since_us;  // VECTOR_NONE: no bound
    int64_t created_before_us;
    int64_t words_min;
    int64_t words_max;
    struct text metadata; // a JSON object; {NULL, 0}: any
};

// What everything satisfies.
#define PREDICATE_ANY                                                                              \
    {.created_since_us = VECTOR_NONE,                                                              \
     .created_before_us = VECTOR_NONE,                                                             \
     .words_min = VECTOR_NONE,                                                                     \
     .words_max = VECTOR_NONE}

// Texts are copied into the arena.
enum grove_code predicate_check(const struct grove_filter *filter, struct arena *arena,
                                struct predicate *ret, struct grove_error *error);

// And what the metadata of a document has: a JSON object, each member of which it has with the same
// value, a string, number, true, false or null. NULL: nothing is asked. The engine does not know of
// metadata: it shows more, and PostgreSQL takes those that match.
enum grove_code predicate_check_metadata(struct predicate *predicate, const char *object,
                                         struct arena *arena, struct grove_error *error);

// Without a path there is nothing to do. An unknown tree, branch, limb or leaf is
// GROVE_NOT_FOUND, with the names that exist, nearest first.
enum grove_code predicate_resolve(struct predicate *predicate, struct pg_conn *conn,
                                  struct arena *arena, struct grove_error *error);

// The leaves of the place of a predicate that is resolved.
enum grove_code predicate_read_leaves(const struct predicate *predicate, struct pg_conn *conn,
                                      struct arena *arena, struct predicate_leaves *ret,
                                      struct grove_error *error);

// For statements that take a whole predicate. Those with the part matches, or place, have no name:
// they are planned for this very predicate, each time. Those with in_place may be kept.
void predicate_add_params(const struct predicate *predicate, struct arena *arena,
                          struct pg_params *params);

// The first three of them: hierarchy table, the place, and content types.
void predicate_add_place(const struct predicate *predicate, struct arena *arena,
                         struct pg_params *params);

// The first two of them, of a predicate with a path.
void predicate_add_numbers(const struct predicate *predicate, struct pg_params *params);

// $1 to $7 of same_leaves.sql, of a predicate with a path.
void predicate_add_same_leaves(const struct predicate *predicate, struct pg_params *params);

// As it was before predicate_resolve, which may then be called again.
void predicate_forget_place(struct predicate *predicate);

// Whether anything is asked beside the place.
bool predicate_has_bounds(const struct predicate *predicate);

// Whether the engine has anything to check.
bool predicate_is_filter(const struct predicate *predicate);

// Whether it is one of trees and types alone, for which PostgreSQL keeps how many contents match.
bool predicate_is_kept_count(const struct predicate *predicate);

// Borrows from the predicate.
struct vector_filter predicate_for_engine(const struct predicate *predicate);

// A number that differs for different predicates and request texts: ties a cursor to its query.
uint64_t predicate_fingerprint(const struct predicate *predicate, struct text subject);

#endif
