// SPDX-License-Identifier: Apache-2.0
//
// The calls of grove/grove.h that are a module's function with a handle.
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "api/handle.h"
#include "api/index.h"
#include "api/limited.h"
#include "api/request.h"
#include "attach/catch_up.h"
#include "attach/take_in.h"
#include "base/alloc.h"
#include "base/clock.h"
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

// A load is done when its rows are searchable: the collection is there before it begins.
static enum grove_code enter_to_load(struct grove *grove, const struct grove_limits *limits,
                                     struct call *ret, struct grove_error *error)
{
    enum grove_code code = handle_enter(grove, HANDLE_TASK, limits, ret, error);
    return code == GROVE_OK ? projector_prepare(&grove->store, ret, error) : code;
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
    code = enter_to_load(grove, &copy.limits, &call, error);
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
    enum grove_code code = enter_to_load(grove, NULL, &call, error);
    if (code == GROVE_OK)
        code = load_sample(&grove->store, &call, placeholder_vectors, &done, error);
    report_give(ret, size_bytes, &done, sizeof done);
    return handle_failed(grove, &call, code, error);
}

// --- sync ---------------------------------------------------------------------------------------

enum { WATCH_PAUSE_MS = 200, OUTAGE_PAUSE_MS = 1000 };

struct syncing {
    struct grove *grove;
    struct call call;
    const struct grove_sync_request *request;
    struct grove_sync_report report;
    struct projector_report done;
    int64_t started_us;
};

static struct grove_comparison comparison_of(const struct lineage_comparison *compared)
{
    struct grove_comparison made = {
        .points = compared->points,
        .enqueued = compared->enqueued,
        .taken_out = compared->taken_out,
        .ended = compared->ended,
        .keeps_index = compared->keeps_examination,
    };
    static_assert(sizeof made.reason >= sizeof compared->doubt, "a reason fits");
    if (compared->begun)
        snprintf(made.reason, sizeof made.reason, "%s", compared->doubt);
    return made;
}

static enum grove_code fill_report(struct syncing *self, struct grove_error *error)
{
    struct projector_backlog backlog;
    const struct projector_report *done = &self->done;
    enum grove_code code = projector_backlog(&self->grove->store, &self->call, &backlog, error);
    if (code == GROVE_OK)
        self->report = (struct grove_sync_report){
            .upserted = done->upserted,
            .removed = done->removed,
            .embedded = done->embedded,
            .failed = done->failed,
            .pending = backlog.pending,
            .dead = backlog.dead,
            .seconds = (double)(clock_monotonic_us() - self->started_us) / 1e6,
            .comparison = comparison_of(&done->comparison),
        };
    return code;
}

static bool on_examining(void *state, int64_t done, int64_t of)
{
    const struct syncing *self = state;
    if (self->request->on_examining)
        self->request->on_examining(self->request->state, done, of);
    return true; // the call knows whether it is over
}

// Rows are searchable whatever comes of it, so a failure is told and fails nothing.
static enum grove_code examine_index(struct syncing *self, struct grove_index *ret,
                                     struct grove_error *error)
{
    const struct examine_request examining = {.go_on = on_examining, .state = self};
    struct examine_report report;
    enum grove_code code = examine(&self->grove->store, &self->call, &examining, &report, error);
    if (code != GROVE_OK && call_left_ms(&self->call, 1) == 0)
        return code;
    *ret = code == GROVE_OK ? index_of(&report) : index_unknown(error);
    return GROVE_OK;
}

// Until cancelled, which is how it ends; an outage of the vector engine is waited out.
static enum grove_code watch(struct syncing *self, struct grove_error *error)
{
    while (call_check(&self->call, error) == GROVE_OK) {
        bool idle = false;
        enum grove_code code =
            projector_advance(&self->grove->store, &self->call, &self->done, &idle, error);
        if (code != GROVE_OK && atomic_load(&self->grove->store.schema_doubted))
            code = handle_ready(self->grove, &self->call, error); // mends it, or says what it is
        if (code != GROVE_OK && error->retry != GROVE_RETRY_LATER && code != GROVE_CANCELLED)
            return code;
        if (code == GROVE_OK)
            code = fill_report(self, error);
        bool compared = self->report.comparison.reason[0];
        if (code == GROVE_OK && (!idle || compared) && self->request->on_progress)
            self->request->on_progress(self->request->state, &self->report);
        if (code == GROVE_OK)
            self->done.comparison = (struct lineage_comparison){.begun = false}; // it is told
        if (code != GROVE_OK || idle)
            (void)call_pause(&self->call, code != GROVE_OK ? OUTAGE_PAUSE_MS : WATCH_PAUSE_MS);
    }
    return error->code == GROVE_CANCELLED ? GROVE_OK : error->code;
}

static enum grove_code watch_and_examine(struct syncing *self, struct grove_error *error)
{
    struct examiner *examiner = NULL;
    enum grove_code code = examiner_start(&self->grove->store, &examiner, error);
    if (code == GROVE_OK)
        code = watch(self, error);
    examiner_stop(examiner);
    return code;
}

static enum grove_code sync_once(struct syncing *self, struct grove_error *error)
{
    struct grove_index index = {.state = GROVE_INDEX_UNKNOWN};
    struct grove_error unused;
    struct projector_patience patience = projector_patient;
    patience.prepares_model = true;
    enum grove_code code =
        projector_drain(&self->grove->store, &self->call, &patience, &self->done, error);
    if (code != GROVE_OK) // what was done until then is told all the same
        (void)!fill_report(self, &unused);
    if (code == GROVE_OK)
        code = examine_index(self, &index, error);
    if (code == GROVE_OK)
        code = fill_report(self, error);
    if (code == GROVE_OK)
        self->report.index = index;
    return code;
}

GROVE_API enum grove_code grove_sync_sized(size_t size_bytes, struct grove *grove,
                                           const struct grove_sync_request *request,
                                           struct grove_sync_report *ret, struct grove_error *error)
{
    struct grove_sync_request copy;
    struct syncing self = {.grove = grove, .request = &copy, .started_us = clock_monotonic_us()};
    enum grove_code code = OPTIONAL_REQUEST_TAKE(&copy, request, error);
    if (code != GROVE_OK)
        return code;
    code = enter_to_load(grove, &copy.limits, &self.call, error);
    if (code == GROVE_OK)
        code = projector_refill(&grove->store, &self.call, error);
    if (code == GROVE_OK && copy.retry_dead)
        code = projector_revive(&grove->store, &self.call, error);
    if (code == GROVE_OK && copy.retry_dead)
        code = take_in_retry(&grove->store, &self.call, error);
    if (code == GROVE_OK)
        code = copy.watch ? watch_and_examine(&self, error) : sync_once(&self, error);
    report_give(ret, size_bytes, &self.report, sizeof self.report);
    return handle_failed(grove, &self.call, code, error);
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
