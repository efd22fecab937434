// SPDX-License-Identifier: Apache-2.0
//
// Texts that were embedded before it was noted which of them are longer than the model reads are
// looked at, some at a time, whenever nothing else waits. Those embedded since are noted with their
// vectors.
#include <assert.h>

#include "base/check.h"
#include "base/inject.h"
#include "sync/projector_private.h"

// A text that has more characters than EMBED_CHARACTERS_MAX, and fewer tokens than the model reads
// among these, is not noted: words of some hundred characters are one token.
enum { LOOK_ROWS = 256 };

struct look {
    struct text from, to; // of the setting
    size_t count;
    int32_t *content_ids; // of long ones
    struct text *digests;
};

static enum grove_code judge(struct projector_batch *batch, const struct pg_rows *rows,
                             struct look *look, struct grove_error *error)
{
    struct embedder *embedder = NULL; // nobody waits for it where all texts are short
    size_t most = (size_t)rows->count;
    look->content_ids = arena_alloc_array(&batch->arena, most, sizeof *look->content_ids);
    look->digests = arena_alloc_array(&batch->arena, most, sizeof *look->digests);
    if (!look->content_ids || !look->digests)
        return error_no_memory(error, "texts");
    enum grove_code code = GROVE_OK;
    for (int r = 0; code == GROVE_OK && r < rows->count; r++) {
        if (pg_is_null(rows, r, 3))
            continue;
        if (!embedder)
            code = store_embedder(batch->store, batch->call, batch->precision, &embedder, error);
        if (code != GROVE_OK || !embedder_cuts(embedder, pg_text(rows, r, 3)))
            continue;
        look->content_ids[look->count] = pg_int4(rows, r, 1);
        look->digests[look->count++] = pg_bytea(rows, r, 2);
    }
    CHECK(look->count <= most);
    return code;
}

static enum grove_code note(struct projector_batch *batch, const struct look *look,
                            struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_text(&params, look->from);
    pg_add_text(&params, look->to);
    pg_add_int4_array(&params, &batch->arena, look->content_ids, look->count);
    pg_add_bytea_array(&params, &batch->arena, look->digests, look->count);
    return projector_run(batch, "long_texts_note.sql", &params, &rows, error);
}

enum grove_code projector_find_long(struct projector_batch *batch, bool *ret_idle,
                                    struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    struct look look = {.to = text_of("all")};
    CHECK(batch->count == 0);
    if (atomic_load(&batch->store->long_texts_known))
        return GROVE_OK;
    pg_add_int4(&params, (int32_t)KNOB(LONG_TEXTS_ROWS, LOOK_ROWS));
    pg_add_int4(&params, EMBED_CHARACTERS_MAX);
    enum grove_code code = projector_run(batch, "long_texts_read.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    if (rows.count == 0) {
        atomic_store(&batch->store->long_texts_known, true);
        return GROVE_OK;
    }
    look.from = pg_text(&rows, 0, 0);
    if (!pg_is_null(&rows, 0, 1)) {
        const char *to = arena_printf(&batch->arena, "%d", (int)pg_int4(&rows, rows.count - 1, 1));
        if (!to)
            return error_no_memory(error, "texts");
        look.to = text_of(to);
        code = judge(batch, &rows, &look, error);
    }
    if (code == GROVE_OK)
        code = INJECT(LONG_TEXTS_READ, error);
    if (code == GROVE_OK)
        code = note(batch, &look, error);
    if (code == GROVE_OK)
        *ret_idle = false;
    return code;
}
