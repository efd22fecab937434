// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "subject/subject.h"

enum { LIST_BYTES_MAX = 16 << 20 };

static void copy_text(char *ret, size_t size_bytes, struct text text)
{
    snprintf(ret, size_bytes, "%.*s", TEXT_ARGS(text));
}

static void read_subject(const struct pg_rows *rows, int r, struct grove_subject *ret)
{
    bool registered = pg_bool(rows, r, 2), leaving = pg_bool(rows, r, 3);
    *ret = (struct grove_subject){
        .state = !registered ? GROVE_SUBJECT_ADDING
                 : leaving   ? GROVE_SUBJECT_REMOVING
                             : GROVE_SUBJECT_READY,
        .specified = pg_bool(rows, r, 4),
        .branches = pg_int8(rows, r, 5),
        .limbs = pg_int8(rows, r, 6),
        .leaves = pg_int8(rows, r, 7),
        .contents = pg_int8(rows, r, 8),
        .pending = pg_int8(rows, r, 9),
        .bytes = pg_int8(rows, r, 10),
        .added_at_us = pg_timestamp(rows, r, 11),
    };
    copy_text(ret->name, sizeof ret->name, pg_text(rows, r, 0));
    copy_text(ret->hierarchy_table, sizeof ret->hierarchy_table, pg_text(rows, r, 1));
}

// One block, so that the caller can give it back as such.
static enum grove_code copy_subjects(const struct pg_rows *rows, struct grove_subjects **ret,
                                     struct grove_error *error)
{
    size_t count = (size_t)rows->count;
    struct grove_subjects *made = mem_alloc(sizeof *made + count * sizeof(struct grove_subject));
    if (!made)
        return error_no_memory(error, "the subjects");
    struct grove_subject *items = (struct grove_subject *)(made + 1);
    for (int r = 0; r < rows->count; r++)
        read_subject(rows, r, &items[r]);
    *made = (struct grove_subjects){.items = items, .count = count};
    *ret = made;
    return GROVE_OK;
}

enum grove_code subject_list(struct store *store, struct call *call, struct grove_subjects **ret,
                             struct grove_error *error)
{
    struct pg_rows rows;
    struct arena arena;
    arena_init(&arena, LIST_BYTES_MAX);
    enum grove_code code = store_query(store, call, &arena, "subject_list.sql", NULL, &rows, error);
    if (code == GROVE_OK)
        code = copy_subjects(&rows, ret, error);
    arena_release(&arena);
    return code;
}
