// SPDX-License-Identifier: Apache-2.0
//
// The calls of grove/stores.h about dead letters: the module's functions with a handle.
#include "sync/dead.h"

#include <assert.h>
#include <string.h>

#include "api/handle.h"
#include "api/request.h"
#include "base/alloc.h"
#include "grove/stores.h"

enum { LETTERS_DEFAULT = 100, LETTERS_MAX = 1000 };

static_assert((int)LETTERS_MAX <= (int)VECTOR_BATCH_MAX, "the engine is asked once");

static enum grove_code take(const struct grove_dead_request *request,
                            struct grove_dead_request *ret, struct grove_error *error)
{
    enum grove_code code = OPTIONAL_REQUEST_TAKE(ret, request, error);
    if (code == GROVE_OK && (ret->content_id_count > LETTERS_MAX || ret->limit > LETTERS_MAX))
        return error_set(error, GROVE_LIMIT, "more than %d dead letters at once", LETTERS_MAX);
    return code;
}

static char *copy_text(char **room, const char *text)
{
    size_t size_bytes = strlen(text) + 1;
    char *copy = *room;
    memcpy(copy, text, size_bytes);
    *room += size_bytes;
    return copy;
}

// One block, so that the caller can give it back as such: the letters, and behind them their texts.
static enum grove_code copy_letters(const struct dead_letter *letters, size_t count, bool more,
                                    struct grove_dead_letters **ret, struct grove_error *error)
{
    size_t texts = 0;
    for (size_t i = 0; i < count; i++)
        texts += strlen(letters[i].reason) + strlen(letters[i].content_type) +
                 strlen(letters[i].title) + 3;
    struct grove_dead_letters *made =
        mem_alloc(sizeof *made + count * sizeof(struct grove_dead_letter) + texts);
    if (!made)
        return error_no_memory(error, "dead letters");
    struct grove_dead_letter *items = (struct grove_dead_letter *)(made + 1);
    char *room = (char *)(items + count);
    for (size_t i = 0; i < count; i++)
        items[i] = (struct grove_dead_letter){
            .content_id = letters[i].content_id,
            .deleted = letters[i].deleted,
            .attempts = letters[i].attempts,
            .since_us = letters[i].since_us,
            .reason = copy_text(&room, letters[i].reason),
            .content_type = copy_text(&room, letters[i].content_type),
            .title = copy_text(&room, letters[i].title),
        };
    *made = (struct grove_dead_letters){.items = items, .count = count, .more = more};
    *ret = made;
    return GROVE_OK;
}

GROVE_API enum grove_code grove_list_dead(struct grove *grove,
                                          const struct grove_dead_request *request,
                                          struct grove_dead_letters **ret,
                                          struct grove_error *error)
{
    struct grove_dead_request copy;
    struct call call;
    size_t count = 0;
    enum grove_code code = take(request, &copy, error);
    if (code != GROVE_OK)
        return code;
    size_t most = copy.limit ? copy.limit : (size_t)LETTERS_DEFAULT;
    struct dead_letter *letters = mem_alloc_array(most + 1, sizeof *letters);
    if (!letters)
        return error_no_memory(error, "dead letters");
    code = handle_enter(grove, HANDLE_QUERY, &copy.limits, &call, error);
    if (code == GROVE_OK) // one more than is given back tells whether there are more
        code = dead_list(&grove->store, &call, copy.after_id ? *copy.after_id : DEAD_FIRST,
                         most + 1, letters, &count, error);
    if (code == GROVE_OK)
        code = copy_letters(letters, count > most ? most : count, count > most, ret, error);
    mem_free(letters);
    return handle_failed(grove, &call, code, error);
}

GROVE_API enum grove_code grove_retry_dead(struct grove *grove,
                                           const struct grove_dead_request *request,
                                           int64_t *ret_count, struct grove_error *error)
{
    struct grove_dead_request copy;
    struct call call;
    size_t count = 0;
    enum grove_code code = take(request, &copy, error);
    if (code != GROVE_OK)
        return code;
    code = handle_enter(grove, HANDLE_TASK, &copy.limits, &call, error);
    if (code == GROVE_OK)
        code = dead_retry(&grove->store, &call, copy.content_ids, copy.content_id_count, &count,
                          error);
    if (code == GROVE_OK && ret_count)
        *ret_count = (int64_t)count;
    return handle_failed(grove, &call, code, error);
}

GROVE_API enum grove_code grove_drop_dead(struct grove *grove,
                                          const struct grove_dead_request *request,
                                          struct grove_dead_report *ret, struct grove_error *error)
{
    struct grove_dead_request copy;
    struct dead_report report;
    struct call call;
    enum grove_code code = take(request, &copy, error);
    if (code == GROVE_OK && !copy.content_ids)
        return error_set(error, GROVE_INVALID, "no contents to give up");
    if (code != GROVE_OK)
        return code;
    struct dead_drop drop = {copy.content_ids, copy.content_id_count, copy.dry_run};
    code = handle_enter(grove, HANDLE_TASK, &copy.limits, &call, error);
    if (code == GROVE_OK)
        code = dead_drop(&grove->store, &call, &drop, &report, error);
    if (code == GROVE_OK && ret)
        *ret =
            (struct grove_dead_report){report.contents, report.letters, report.kept, copy.dry_run};
    return handle_failed(grove, &call, code, error);
}
