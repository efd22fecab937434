// SPDX-License-Identifier: Apache-2.0
#include "attach/attach.h"

#include "attach/attachment.h"
#include "attach/block.h"
#include "catalog/store.h"

enum { LIST_BYTES_MAX = 16 << 20, REFUSED_MAX = 100 };

static enum grove_code read_refused(struct pg_conn *conn, struct arena *arena, struct pg_rows *ret,
                                    struct grove_error *error)
{
    struct pg_params params = {0};
    pg_add_int4(&params, REFUSED_MAX);
    return store_query_on(conn, arena, "attached_refused.sql", &params, ret, error);
}

static bool join_key(const struct names *key, struct arena *arena, struct text *ret)
{
    char *joined = arena_copy(arena, key->items[0]);
    for (size_t i = 1; joined && i < key->count; i++)
        joined = arena_printf(arena, "%s,%.*s", joined, TEXT_ARGS(key->items[i]));
    *ret = joined ? text_of(joined) : (struct text){0};
    return joined != NULL;
}

static void count_item(struct block *block, const struct attachment *item, struct text key)
{
    const struct text texts[] = {item->table,
                                 item->source,
                                 key,
                                 item->path,
                                 item->content_type,
                                 item->title,
                                 item->body,
                                 item->created,
                                 item->url,
                                 item->metadata,
                                 item->condition,
                                 attachment_problem(item),
                                 item->vector,
                                 attachment_failure(item)};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        block_count(block, texts[i]);
}

static void copy_item(struct block *block, const struct attachment *item, struct text key,
                      struct grove_attachment *ret)
{
    *ret = (struct grove_attachment){
        .table = block_copy(block, item->table),
        .source = block_copy(block, item->source),
        .state = attachment_state(item),
        .key = block_copy(block, key),
        .path = block_copy(block, item->path),
        .type = block_copy(block, item->content_type),
        .title = block_copy(block, item->title),
        .text = block_copy(block, item->body),
        .created_at = block_copy(block, item->created),
        .url = block_copy(block, item->url),
        .metadata = block_copy(block, item->metadata),
        .where = block_copy(block, item->condition),
        .documents = item->documents,
        .rows_read = item->filled_rows,
        .rows_expected = item->rows_expected,
        .waiting = item->waiting,
        .refused = item->refused,
        .problem = block_copy(block, attachment_problem(item)),
        .attached_at_us = item->attached_at_us,
        .vector = block_copy(block, item->vector),
        .oldest_seconds = item->oldest_seconds,
        .failure = block_copy(block, attachment_failure(item)),
    };
}

static enum grove_code copy_all(const struct attachment *items, size_t count,
                                const struct pg_rows *refused, struct arena *arena,
                                struct grove_attachments **ret, struct grove_error *error)
{
    struct block block = {0};
    size_t refused_count = (size_t)refused->count;
    struct text *keys = arena_alloc_array(arena, count + 1, sizeof *keys);
    bool good = keys != NULL;
    for (size_t i = 0; good && i < count; i++) {
        good = join_key(&items[i].key, arena, &keys[i]);
        count_item(&block, &items[i], keys[i]);
    }
    for (int r = 0; r < refused->count; r++)
        for (int c = 0; c < 3; c++)
            block_count(&block, pg_text(refused, r, c));
    struct grove_attachments *made =
        good ? block_begin(&block, sizeof *made + count * sizeof(struct grove_attachment) +
                                       refused_count * sizeof(struct grove_attach_refused))
             : NULL;
    if (!made)
        return error_no_memory(error, "the attached tables");
    struct grove_attachment *list = (struct grove_attachment *)(made + 1);
    struct grove_attach_refused *rows = (struct grove_attach_refused *)(list + count);
    for (size_t i = 0; i < count; i++)
        copy_item(&block, &items[i], keys[i], &list[i]);
    for (int r = 0; r < refused->count; r++)
        rows[r] = (struct grove_attach_refused){
            .source = block_copy(&block, pg_text(refused, r, 0)),
            .key = block_copy(&block, pg_text(refused, r, 1)),
            .reason = block_copy(&block, pg_text(refused, r, 2)),
            .noted_at_us = pg_timestamp(refused, r, 3),
        };
    *made = (struct grove_attachments){list, count, rows, refused_count};
    *ret = made;
    return GROVE_OK;
}

enum grove_code attach_list(struct store *store, struct call *call, struct grove_attachments **ret,
                            struct grove_error *error)
{
    struct attachment *items = NULL;
    struct pg_rows refused;
    struct pg_conn *conn = NULL;
    struct arena arena;
    size_t count = 0;
    arena_init(&arena, LIST_BYTES_MAX);
    enum grove_code code = pg_take(store->pool, call, &conn, error);
    if (code == GROVE_OK)
        code = attachments_read(conn, &arena, &items, &count, error);
    if (code == GROVE_OK)
        code = read_refused(conn, &arena, &refused, error);
    pg_give(&conn);
    if (code == GROVE_OK)
        code = copy_all(items, count, &refused, &arena, ret, error);
    arena_release(&arena);
    return code;
}
