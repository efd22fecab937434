// SPDX-License-Identifier: Apache-2.0
#include "query/fold.h"

#include <limits.h>

#include "base/check.h"
#include "catalog/store.h"

// Of the rows at hand: what is looked up at first is as a rule enough.
enum { PART_ROWS_LEAST = 64, PART_FACTOR = 2 };

// Documents by their numbers: where each stands among the items. Open addressing; there is always
// an empty slot.
struct slots {
    struct slot {
        int32_t document_id; // 0: empty
        uint32_t at;
    } *items;
    size_t mask;
};

enum { AT_NOWHERE = UINT32_MAX }; // the document that is left out

static bool slots_init(struct slots *slots, struct arena *arena, size_t documents_max)
{
    size_t size = 8;
    while (size < 2 * (documents_max + 1))
        size *= 2;
    slots->items = arena_zalloc(arena, size * sizeof *slots->items);
    slots->mask = size - 1;
    return slots->items != NULL;
}

// The document's slot, or the empty one that is to be its own.
static struct slot *find_slot(const struct slots *slots, int32_t document_id)
{
    uint32_t hash = (uint32_t)document_id * UINT32_C(2654435769);
    size_t i = hash & slots->mask;
    CHECK(document_id != 0);
    while (slots->items[i].document_id != 0 && slots->items[i].document_id != document_id)
        i = (i + 1) & slots->mask;
    return &slots->items[i];
}

static enum grove_code read_documents(struct pg_conn *conn, struct arena *arena, const int32_t *ids,
                                      size_t count, const int32_t **ret, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    size_t read = 0;
    CHECK(count > 0);
    pg_add_int4_array(&params, arena, ids, count);
    enum grove_code code = store_query_on(conn, arena, "documents_of.sql", &params, &rows, error);
    if (code == GROVE_OK)
        code = pg_int4_array(&rows, 0, 0, arena, ret, &read, error);
    CHECK(code != GROVE_OK || read == count);
    return code;
}

// Of rows[0, count), with the document of `except` behind them where there is one.
static enum grove_code look_up(const struct folding *folding, struct pg_conn *conn,
                               struct arena *arena, const struct result_score *rows, size_t count,
                               const int32_t **ret, struct grove_error *error)
{
    int32_t *ids = arena_alloc_array(arena, count + 1, sizeof *ids);
    if (!ids)
        return error_no_memory(error, "documents");
    for (size_t i = 0; i < count; i++)
        ids[i] = rows[i].content_id;
    ids[count] = folding->except;
    return read_documents(conn, arena, ids, count + (folding->except != 0), ret, error);
}

static void add_item(struct folding *folding, const struct result_score *row, int32_t document_id)
{
    CHECK(folding->count < folding->wanted);
    folding->items[folding->count] = *row;
    folding->documents[folding->count++] = (struct fold_document){document_id, 1};
}

static void fold_row(struct folding *folding, struct slots *slots, const struct result_score *row,
                     int32_t document_id)
{
    if (document_id == 0) {
        if (row->content_id != folding->except)
            add_item(folding, row, 0);
        return;
    }
    struct slot *slot = find_slot(slots, document_id);
    if (slot->document_id == 0) {
        *slot = (struct slot){document_id, (uint32_t)folding->count};
        add_item(folding, row, document_id);
    } else if (slot->at != AT_NOWHERE) {
        CHECK(slot->at < folding->count);
        folding->documents[slot->at].matched++;
    }
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool is_full(const struct folding *folding)
{
    return folding->count == folding->wanted || folding->below_min;
}

enum grove_code fold_rows(struct folding *folding, struct pg_conn *conn, struct arena *arena,
                          const struct result_score *rows, size_t count, struct grove_error *error)
{
    struct slots slots;
    size_t wanted = folding->wanted, part = wanted * PART_FACTOR;
    CHECK(conn); // in the snapshot in which they were compared
    CHECK(wanted > 0 && wanted < UINT32_MAX);
    folding->items = arena_alloc_array(arena, wanted, sizeof *folding->items);
    folding->documents = arena_alloc_array(arena, wanted, sizeof *folding->documents);
    if (!folding->items || !folding->documents || !slots_init(&slots, arena, wanted + 1))
        return error_no_memory(error, "documents");
    folding->count = folding->rows = 0;
    folding->below_min = false;
    for (part = part > PART_ROWS_LEAST ? part : PART_ROWS_LEAST;
         folding->rows < count && !is_full(folding); part *= PART_FACTOR) {
        const struct result_score *first = rows + folding->rows;
        CHECK(folding->count <= folding->rows);
        size_t at_hand = smaller(part, count - folding->rows);
        const int32_t *documents = NULL;
        enum grove_code code = look_up(folding, conn, arena, first, at_hand, &documents, error);
        if (code != GROVE_OK)
            return code;
        CHECK(documents);
        if (folding->except && documents[at_hand] != 0)
            *find_slot(&slots, documents[at_hand]) = (struct slot){documents[at_hand], AT_NOWHERE};
        for (size_t i = 0; i < at_hand && !is_full(folding); i++) {
            if (first[i].score < folding->score_min)
                folding->below_min = true;
            else
                fold_row(folding, &slots, &first[i], documents[i]);
            folding->rows += !folding->below_min;
        }
    }
    return GROVE_OK;
}
