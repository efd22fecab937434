// SPDX-License-Identifier: Apache-2.0
//
// The calls of grove/grove.h that are a module's function with a handle.
#include <stdio.h>
#include <string.h>

#include "api/handle.h"
#include "api/limited.h"
#include "api/request.h"
#include "attach/catch_up.h"
#include "base/alloc.h"
#include "content/load.h"
#include "pg/cluster.h"
#include "query/queries.h"
#include "query/result.h"

// What is in attached tables and no content yet is missing in an answer.
static void tell_what_waits(const struct catch_up *waiting, struct grove_result *view)
{
    struct result *result = (struct result *)view;
    if (waiting->filling[0])
        result_incomplete(result, "not all rows of the attached table %s were read yet",
                          waiting->filling);
    else if (waiting->rows > 0)
        result_incomplete(result,
                          "%lld changed rows of attached tables were not read yet; \"grove "
                          "attachments\" tells which",
                          (long long)waiting->rows);
}

GROVE_API enum grove_code grove_browse(struct grove *grove,
                                       const struct grove_browse_request *request,
                                       struct grove_result **ret, struct grove_error *error)
{
    struct grove_browse_request copy;
    struct catch_up waiting;
    struct call call;
    enum grove_code code = REQUEST_TAKE(&copy, request, error);
    if (code != GROVE_OK)
        return code;
    code = handle_enter_to_read(grove, HANDLE_QUERY, &copy.limits, &call, &waiting, error);
    if (code == GROVE_OK)
        code = query_browse(&grove->store, &call, &copy, ret, error);
    if (code == GROVE_OK)
        tell_what_waits(&waiting, *ret);
    return handle_failed(grove, &call, code, error);
}

// text: what is embedded; NULL: nothing is.
static enum grove_code enter_to_search(struct grove *grove, const struct grove_limits *limits,
                                       const char *text, struct call *ret_call,
                                       struct catch_up *ret, struct grove_error *error)
{
    enum grove_code code = handle_begin(grove, HANDLE_QUERY, limits, ret_call, error);
    if (code == GROVE_OK && text)
        store_embed_ahead(&grove->store, text);
    if (code == GROVE_OK)
        code = handle_ready_for_engine(grove, ret_call, error);
    return code == GROVE_OK ? catch_up(&grove->store, ret_call, ret, error) : code;
}

GROVE_API enum grove_code grove_search(struct grove *grove,
                                       const struct grove_search_request *request,
                                       struct grove_result **ret, struct grove_error *error)
{
    struct grove_search_request copy;
    struct catch_up waiting;
    struct call call;
    enum grove_code code = REQUEST_TAKE(&copy, request, error);
    if (code != GROVE_OK)
        return code;
    code = enter_to_search(grove, &copy.limits, copy.text, &call, &waiting, error);
    if (code == GROVE_OK)
        code = query_search(&grove->store, &call, &copy, ret, error);
    if (code == GROVE_OK)
        tell_what_waits(&waiting, *ret);
    return handle_failed(grove, &call, code, error);
}

GROVE_API enum grove_code grove_discover(struct grove *grove,
                                         const struct grove_discover_request *request,
                                         struct grove_result **ret, struct grove_error *error)
{
    struct grove_discover_request copy;
    struct catch_up waiting;
    struct call call;
    enum grove_code code = REQUEST_TAKE(&copy, request, error);
    if (code != GROVE_OK)
        return code;
    code = enter_to_search(grove, &copy.limits, copy.text, &call, &waiting, error);
    if (code == GROVE_OK)
        code = query_discover(&grove->store, &call, &copy, ret, error);
    if (code == GROVE_OK)
        tell_what_waits(&waiting, *ret);
    return handle_failed(grove, &call, code, error);
}

static enum grove_code enter_to_embed(struct grove *grove, const struct grove_limits *limits,
                                      struct call *ret_call, struct embedder **ret,
                                      struct grove_error *error)
{
    enum grove_code code = handle_begin(grove, HANDLE_TASK, limits, ret_call, error);
    return code == GROVE_OK
               ? store_embedder(&grove->store, ret_call, grove->embed_precision, ret, error)
               : code;
}

enum grove_code embed_texts(struct grove *grove, const struct grove_limits *limits,
                            const char *const *texts, size_t count, float *ret_vectors,
                            struct grove_error *error)
{
    struct embedder *embedder;
    struct call call;
    enum grove_code code = enter_to_embed(grove, limits, &call, &embedder, error);
    if (code != GROVE_OK)
        return code;
    struct text *items = mem_alloc_array(count, sizeof *items);
    if (!items)
        return error_no_memory(error, "texts");
    for (size_t i = 0; i < count; i++)
        items[i] = text_of(texts[i]);
    code = embedder_embed(embedder, items, count, ret_vectors, &call, error);
    mem_free(items);
    return code;
}

GROVE_API enum grove_code grove_embed(struct grove *grove, const char *const *texts, size_t count,
                                      float *ret_vectors, struct grove_error *error)
{
    return embed_texts(grove, NULL, texts, count, ret_vectors, error);
}

enum grove_code tokenize_text(struct grove *grove, const struct grove_limits *limits,
                              const char *text, int32_t ret_ids[GROVE_TOKENS_MAX],
                              size_t *ret_count, struct grove_error *error)
{
    struct embedder *embedder;
    struct call call;
    enum grove_code code = enter_to_embed(grove, limits, &call, &embedder, error);
    return code == GROVE_OK ? embedder_tokenize(embedder, text_of(text), ret_ids, ret_count, error)
                            : code;
}

GROVE_API enum grove_code grove_tokenize(struct grove *grove, const char *text,
                                         int32_t ret_ids[GROVE_TOKENS_MAX], size_t *ret_count,
                                         struct grove_error *error)
{
    return tokenize_text(grove, NULL, text, ret_ids, ret_count, error);
}

// A server that is lost in the middle leaves what was committed, and whoever loads wants to know.
static void tell_what_is_loaded(const struct grove_load_progress *done, struct grove_error *error)
{
    char before[sizeof error->hint];
    long long loaded = done->rows_inserted + done->rows_updated + done->rows_unchanged;
    if (error->code != GROVE_TIMEOUT && error->code != GROVE_UNAVAILABLE)
        return;
    snprintf(before, sizeof before, "%s%s", error->hint, error->hint[0] ? "; " : "");
    if (loaded == 0)
        error_hint(error, "%snothing was loaded so far; run the same command again", before);
    else
        error_hint(error, "%s%lld %s loaded so far; the same command again goes on from there",
                   before, loaded, loaded == 1 ? "row is" : "rows are");
}

GROVE_API enum grove_code grove_load_sized(size_t size_bytes, struct grove *grove,
                                           const struct grove_load_request *request,
                                           struct grove_load_progress *ret,
                                           struct grove_error *error)
{
    struct grove_load_request copy;
    struct grove_import import;
    struct grove_load_progress done = {0};
    struct call call;
    enum grove_code code = REQUEST_TAKE(&copy, request, error);
    if (code == GROVE_OK && copy.import) {
        code = REQUEST_TAKE(&import, copy.import, error);
        copy.import = &import;
    }
    if (code != GROVE_OK)
        return code;
    code = handle_enter_to_load(grove, &copy.limits, &call, error);
    if (code == GROVE_OK)
        code = load_files(&grove->store, &call, &copy, &done, error);
    report_give(ret, size_bytes, &done, sizeof done);
    code = handle_failed(grove, &call, code, error);
    if (code != GROVE_OK)
        tell_what_is_loaded(&done, error);
    return code;
}

GROVE_API enum grove_code grove_load_sample_sized(size_t size_bytes, struct grove *grove,
                                                  bool placeholder_vectors,
                                                  struct grove_load_progress *ret,
                                                  struct grove_error *error)
{
    struct grove_load_progress done = {0};
    struct call call;
    enum grove_code code = handle_enter_to_load(grove, NULL, &call, error);
    if (code == GROVE_OK)
        code = load_sample(&grove->store, &call, placeholder_vectors, &done, error);
    report_give(ret, size_bytes, &done, sizeof done);
    return handle_failed(grove, &call, code, error);
}

GROVE_API enum grove_code grove_database_conninfo(struct grove *grove, char *ret_text,
                                                  size_t size_bytes, struct grove_error *error)
{
    char conninfo[CLUSTER_CONNINFO_SIZE] = "";
    struct cluster_status cluster;
    struct grove_error ignored;
    if (grove->database_private)
        cluster_conninfo(&grove->home, conninfo);
    // Who asks is about to use the database without us.
    if (grove->database_private && cluster_status(&grove->home, &cluster, &ignored) == GROVE_OK &&
        cluster.running)
        handle_keep_projecting(grove);
    const char *text = grove->database_private ? conninfo
                       : grove->database_url   ? grove->database_url
                                               : "";
    if (strlen(text) >= size_bytes)
        return error_set(error, GROVE_LIMIT, "the connection string has more than %zu bytes",
                         size_bytes - 1);
    memcpy(ret_text, text, strlen(text) + 1);
    return GROVE_OK;
}
