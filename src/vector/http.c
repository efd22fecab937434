// SPDX-License-Identifier: Apache-2.0
#include "vector/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/disk.h"
#include "base/inject.h"
#include "base/json.h"
#include "base/line.h"
#include "vector/address.h"
#include "vector/connection.h"
#include "vector/gate.h"

enum {
    CONNECTIONS_DEFAULT = 16,
    CONNECTIONS_MAX = 512,
    REQUEST_TIMEOUT_MS = 30000,
    TRIAL_MS = 2000,      // a trial may take so long; it is waited for as long as the gate says
    START_GRACE_MS = 100, // that who starts a server, and does not wait for it, gives it
    SILENCE_MS = 250,     // a call that ended sooner tells nothing about the server
    AGAIN_MS_MAX = 20000, // in all, that who waits lets a server ask for
};

#define PRIVATE_LOG "its log is servers/log/vector.log in the home"
#define PRIVATE_HANGS "\"grove stop\" ends it if it hangs"

// Why it is out.
static const char silent_words[] = "it did not answer in time";
static const char starting_words[] = "the vector engine is starting";

struct http_client {
    struct address address;
    unsigned connections_max, request_timeout_ms;
    struct qdrant_starter starter;
    struct gate gate;
    pthread_mutex_t trial_mutex; // held by whoever works on the trial; nobody waits for it
    struct connection *trial;    // NULL: none is under way
    int64_t trial_until_us;      // what comes later says nothing about now
    pthread_mutex_t mutex;       // guards what follows
    struct line line;            // who waits for a connection
    unsigned open_count;
    unsigned idle_count;
    struct connection *idle[CONNECTIONS_MAX];
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void init_curl(void)
{
    descriptor_hold_standard(); // it may read files
    curl_global_init(CURL_GLOBAL_DEFAULT);
    descriptor_let_standard_go();
}

// --- the client ----------------------------------------------------------------------------------

enum grove_code http_client_new(const struct qdrant_options *options, struct http_client **ret,
                                struct grove_error *error)
{
    pthread_once(&curl_once, init_curl);
    if (options->connections_max > CONNECTIONS_MAX)
        return error_set(error, GROVE_INVALID, "%u connections are more than %d",
                         options->connections_max, CONNECTIONS_MAX);
    struct http_client *client = mem_zalloc(sizeof *client);
    if (!client)
        return error_no_memory(error, "a client of the vector engine");
    client->connections_max =
        options->connections_max ? options->connections_max : CONNECTIONS_DEFAULT;
    client->request_timeout_ms =
        options->request_timeout_ms ? options->request_timeout_ms : REQUEST_TIMEOUT_MS;
    client->starter = options->starter;
    pthread_mutex_init(&client->mutex, NULL);
    pthread_mutex_init(&client->trial_mutex, NULL);
    line_init(&client->line, "connections to the vector engine", client->connections_max, 0);
    enum grove_code code = address_init(&client->address, options, error);
    gate_init(&client->gate, options->outage_path, address_describe(&client->address),
              !options->only_looks);
    if (code == GROVE_OK)
        *ret = client;
    else
        http_client_free(client);
    return code;
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    CHECK(client->idle_count == client->open_count);
    for (unsigned i = 0; i < client->idle_count; i++)
        connection_free(client->idle[i]);
    connection_free(client->trial);
    gate_release(&client->gate);
    address_release(&client->address);
    pthread_mutex_destroy(&client->trial_mutex);
    pthread_mutex_destroy(&client->mutex);
    mem_free(client);
}

const char *http_describe(const struct http_client *client)
{
    return address_describe(&client->address);
}

void http_look(struct http_client *client, struct vector_outage *ret)
{
    gate_look(&client->gate, ret);
}

static bool is_patient(const struct call *call)
{
    return !call || call->patient;
}

// --- connections ---------------------------------------------------------------------------------

static bool has_place(const void *owner)
{
    const struct http_client *client = owner;
    return client->idle_count > 0 || client->open_count < client->connections_max;
}

static enum grove_code take_connection(struct http_client *client, struct call *call,
                                       struct connection **ret, struct grove_error *error)
{
    struct connection *connection = NULL;
    pthread_mutex_lock(&client->mutex);
    enum grove_code code = line_wait(&client->line, &client->mutex, call, has_place, client, error);
    if (code == GROVE_OK && client->idle_count > 0)
        connection = client->idle[--client->idle_count];
    else if (code == GROVE_OK && (connection = connection_new()) != NULL)
        client->open_count++;
    line_go_on(&client->line, has_place(client));
    pthread_mutex_unlock(&client->mutex);
    if (code == GROVE_OK && !connection)
        code = error_no_memory(error, "a connection to the vector engine");
    if (code == GROVE_OK)
        *ret = connection;
    return code;
}

static void give_connection(struct http_client *client, struct connection *connection)
{
    connection_forget_body(connection);
    pthread_mutex_lock(&client->mutex);
    CHECK(client->idle_count < client->open_count);
    client->idle[client->idle_count++] = connection;
    line_moved(&client->line);
    pthread_mutex_unlock(&client->mutex);
}

// --- errors --------------------------------------------------------------------------------------

static const char *words_of(enum connection_end end)
{
    return end == CONNECTION_SILENT ? silent_words : "it could not be reached";
}

// "the vector engine", and which where it is not the home's own.
static void set_engine_error(const struct http_client *client, enum grove_code code,
                             const char *what, struct grove_error *error)
{
    bool here = client->address.socket_path != NULL;
    error_set(error, code, "the vector engine%s%s %s", here ? "" : " at ",
              here ? "" : http_describe(client), what);
    error->origin = GROVE_ORIGIN_QDRANT;
}

static void add_hint(const struct http_client *client, bool hangs, struct grove_error *error)
{
    if (client->address.socket_path)
        error_hint(error, "%s", hangs ? PRIVATE_HANGS : PRIVATE_LOG);
    else
        error_hint(error, "check QDRANT_URL and that Qdrant runs there");
}

static enum grove_code set_transport_error(const struct http_client *client,
                                           const struct http_request *request,
                                           const struct connection_outcome *outcome,
                                           struct grove_error *error)
{
    if (outcome->end == CONNECTION_NO_MEMORY)
        return error_no_memory(error, "a request to the vector engine");
    bool silent = outcome->end == CONNECTION_SILENT;
    if (outcome->end == CONNECTION_TOO_LONG) {
        error_set(error, GROVE_LIMIT, "the vector engine's answer has more than %zu bytes",
                  request->reply_bytes_max ? request->reply_bytes_max : CONNECTION_BODY_BYTES_MAX);
        error->origin = GROVE_ORIGIN_QDRANT;
        return error->code;
    }
    if (silent)
        set_engine_error(client, GROVE_TIMEOUT, "did not answer in time", error);
    else
        set_engine_error(client, GROVE_UNAVAILABLE, "could not be reached", error);
    if (!silent)
        error_detail(error, "%s", outcome->reason);
    add_hint(client, silent, error);
    return error->code;
}

static enum grove_code set_starting(struct grove_error *error)
{
    error_set(error, GROVE_UNAVAILABLE, "%s", starting_words);
    error->origin = GROVE_ORIGIN_QDRANT;
    error_hint(error, "ask again in a moment; " PRIVATE_LOG);
    return GROVE_UNAVAILABLE;
}

// The server is known not to answer: it was not asked.
static enum grove_code set_out(struct http_client *client, struct grove_error *error)
{
    char what[64];
    struct vector_outage outage;
    gate_look(&client->gate, &outage);
    if (strcmp(outage.reason, starting_words) == 0)
        return set_starting(error);
    snprintf(what, sizeof what, "has been out for %lld s", (long long)(outage.since_ms / 1000));
    set_engine_error(client, GROVE_UNAVAILABLE, what, error);
    error_detail(error, "%s", outage.reason);
    add_hint(client, strcmp(outage.reason, silent_words) == 0, error);
    return GROVE_UNAVAILABLE;
}

static enum grove_code code_of_status(long status)
{
    switch (status) {
    case 400:
    case 413:
    case 422: return GROVE_INVALID;
    case 401:
    case 403: return GROVE_DENIED;
    case 404: return GROVE_NOT_FOUND;
    case 408:
    case 504: return GROVE_TIMEOUT;
    case 409: return GROVE_CONFLICT;
    case 429:
    case 502:
    case 503: return GROVE_UNAVAILABLE;
    case 507: return GROVE_IO;
    default: return GROVE_ENGINE;
    }
}

// {"status": {"error": "..."}}
static enum grove_code set_reply_error(const struct http_client *client, int status,
                                       yyjson_doc *document, struct grove_error *error)
{
    yyjson_val *reason =
        yyjson_obj_get(yyjson_obj_get(yyjson_doc_get_root(document), "status"), "error");
    struct text text = json_text(reason);
    enum grove_code code = code_of_status(status);
    if (status == 404 && text.length == 0)
        code = GROVE_ENGINE; // of a proxy, say: it tells nothing about the collection
    if (code == GROVE_ENGINE && disk_full_in_words(text))
        code = GROVE_IO;
    if (text.length > 0)
        error_set(error, code, "the vector engine refused: %.*s",
                  (int)(text.length < 400 ? text.length : 400), text.data);
    else
        error_set(error, code, "the vector engine at %s answered with HTTP status %d",
                  http_describe(client), status);
    error->origin = GROVE_ORIGIN_QDRANT;
    error->http_status = status;
    if (code == GROVE_DENIED)
        error_hint(error, "check QDRANT_API_KEY");
    else if (code == GROVE_IO)
        error_hint(error, "free some space on the disk of the vector engine, then run \"grove "
                          "sync\"; nothing is lost");
    else if (status >= 500 && client->address.socket_path)
        error_hint(error, PRIVATE_LOG);
    return code;
}

static enum grove_code read_reply(struct http_client *client, int status, struct text body,
                                  struct http_reply *ret, struct grove_error *error)
{
    yyjson_read_err failure = {0};
    // Without the flag that would have it changed, yyjson only reads it.
    yyjson_doc *document =
        yyjson_read_opts((char *)(uintptr_t)body.data, body.length, 0, json_allocator(), &failure);
    if (!document && failure.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return error_no_memory(error, "the vector engine's answer");
    if (status < 200 || status > 299) {
        enum grove_code code = set_reply_error(client, status, document, error);
        yyjson_doc_free(document);
        return code;
    }
    if (!document) {
        error_set(error, GROVE_ENGINE, "what answers at %s does not speak Qdrant's JSON",
                  http_describe(client));
        error->origin = GROVE_ORIGIN_QDRANT;
        return GROVE_ENGINE;
    }
    ret->document = document;
    return GROVE_OK;
}

// --- asking --------------------------------------------------------------------------------------

// A server that has turned out to be silent meanwhile is not waited for.
static bool is_given_up(struct http_client *client, const struct call *call,
                        const struct http_request *request)
{
    return !is_patient(call) && !request->takes_long && gate_is_out(&client->gate);
}

// Until it has ended, or the call is over, or the server is out: then it is left.
static enum grove_code perform(struct http_client *client, struct call *call,
                               struct connection *connection, const struct http_request *request,
                               struct connection_outcome *ret, struct grove_error *error)
{
    unsigned timeout_ms = request->timeout_ms ? request->timeout_ms : client->request_timeout_ms;
    if (call)
        call->counters.requests++;
    enum grove_code code =
        connection_begin(connection, &client->address, request, timeout_ms, error);
    if (code != GROVE_OK)
        return code;
    while (!connection_drive(connection, call_slice_ms(call), ret)) {
        code = call_check(call, error);
        if (code != GROVE_OK) {
            connection_leave(connection);
            return code;
        }
        if (is_given_up(client, call, request)) {
            connection_leave(connection);
            *ret = (struct connection_outcome){.end = CONNECTION_SILENT, .reason = silent_words};
            return GROVE_OK;
        }
    }
    return GROVE_OK;
}

// Who is patient waits as long as it takes; anybody else a moment, and it goes on starting by
// itself.
static enum grove_code start_server(struct http_client *client, struct call *call,
                                    unsigned grace_ms, struct grove_error *error)
{
    struct call brief = call_part(call);
    brief.patient = is_patient(call);
    if (!brief.patient)
        call_within(&brief, grace_ms);
    enum grove_code code = client->starter.start(client->starter.state, &brief, error);
    if (code == GROVE_OK || code == GROVE_NO_MEMORY)
        return code;
    struct grove_error over;
    if (call_check(call, &over) != GROVE_OK) {
        *error = over;
        return over.code;
    }
    if (code == GROVE_TIMEOUT && !brief.patient)
        return set_starting(error);
    error->origin = GROVE_ORIGIN_QDRANT; // whatever kept it from starting
    return code;
}

void http_wake(struct http_client *client, const struct call *call, unsigned wait_ms)
{
    struct call brief = call_part(call);
    struct grove_error unused; // whoever asks hears it
    brief.patient = true;      // within that time
    call_within(&brief, wait_ms > 0 ? wait_ms : 1);
    if (client->starter.start)
        (void)!client->starter.start(client->starter.state, &brief, &unused);
}

static enum grove_code perform_or_start(struct http_client *client, struct call *call,
                                        struct connection *connection,
                                        const struct http_request *request,
                                        struct connection_outcome *ret, struct grove_error *error)
{
    enum grove_code code = perform(client, call, connection, request, ret, error);
    if (code != GROVE_OK || ret->end != CONNECTION_LOST)
        return code;
    if (client->starter.start) {
        code = start_server(client, call, (unsigned)KNOB(ENGINE_START_MS, START_GRACE_MS), error);
        if (code != GROVE_OK)
            return code;
    }
    return perform(client, call, connection, request, ret, error);
}

// A server that says it is overloaded, and until when, is well.
static bool is_well(const struct connection_outcome *outcome)
{
    bool gateway = outcome->status == 502 || outcome->status == 503 || outcome->status == 504;
    return outcome->end == CONNECTION_ANSWERED && (!gateway || outcome->retry_after_s > 0);
}

// What came of a request, for those who ask next.
static void tell_gate(struct http_client *client, enum grove_code code, int64_t began_us,
                      const struct connection_outcome *outcome, const struct grove_error *error)
{
    bool ours = error->origin != GROVE_ORIGIN_QDRANT;
    if (code != GROVE_OK && ours) {
        // The call is over. Where it waited for some time, in vain, that tells something.
        if (code == GROVE_TIMEOUT && clock_monotonic_us() - began_us >= (int64_t)SILENCE_MS * 1000)
            gate_failed(&client->gate, began_us, silent_words, true);
    } else if (code != GROVE_OK) {
        gate_failed(&client->gate, began_us, error->message, false);
    } else if (is_well(outcome)) {
        gate_answered(&client->gate, outcome->first_us);
    } else if (outcome->end == CONNECTION_ANSWERED) {
        gate_failed(&client->gate, began_us, "what answers in its place says that it is out", true);
    } else if (outcome->end == CONNECTION_SILENT || outcome->end == CONNECTION_LOST ||
               outcome->end == CONNECTION_FAILED) {
        gate_failed(&client->gate, began_us, words_of(outcome->end), true);
    }
}

// Once, over one connection.
static enum grove_code ask_once(struct http_client *client, struct call *call,
                                const struct http_request *request, unsigned *ret_retry_after_s,
                                struct http_reply *ret, struct grove_error *error)
{
    struct connection *connection = NULL;
    struct connection_outcome outcome = {.status = 0};
    enum grove_code code = take_connection(client, call, &connection, error);
    if (code != GROVE_OK)
        return code;
    int64_t began_us = clock_monotonic_us();
    code = perform_or_start(client, call, connection, request, &outcome, error);
    tell_gate(client, code, began_us, &outcome, error);
    if (code == GROVE_OK && outcome.end != CONNECTION_ANSWERED)
        code = set_transport_error(client, request, &outcome, error);
    else if (code == GROVE_OK)
        code = read_reply(client, outcome.status, connection_body(connection), ret, error);
    *ret_retry_after_s = code == GROVE_OK ? 0 : outcome.retry_after_s;
    give_connection(client, connection);
    return code;
}

// --- a server that is out ------------------------------------------------------------------------

static void end_trial(struct http_client *client)
{
    connection_free(client->trial); // there will be no other for long
    client->trial = NULL;
}

static bool begin_trial(struct http_client *client, struct call *call)
{
    static const struct http_request request = {.method = "GET", .path = "/"};
    struct grove_error unused;
    client->trial = connection_new();
    if (!client->trial)
        return false;
    if (connection_begin(client->trial, &client->address, &request, TRIAL_MS, &unused) !=
        GROVE_OK) {
        end_trial(client);
        return false;
    }
    if (call)
        call->counters.requests++;
    client->trial_until_us = clock_monotonic_us() + (int64_t)TRIAL_MS * 1000;
    return true;
}

// Works on the trial for so long, or not at all; true: it has ended.
static bool drive_trial(struct http_client *client, const struct call *call, unsigned wait_ms,
                        struct connection_outcome *ret)
{
    int64_t until_us = clock_monotonic_us() + (int64_t)wait_ms * 1000;
    for (;;) {
        int64_t left_us = until_us - clock_monotonic_us();
        unsigned left_ms = left_us > 0 ? (unsigned)(left_us + 999) / 1000 : 0;
        if (connection_drive(client->trial, left_ms, ret)) {
            end_trial(client);
            return true;
        }
        if (left_ms == 0 || call_is_cancelled(call))
            return false;
    }
}

// Whether one that was begun earlier has been answered. It is dropped when it is too old.
static bool trial_was_answered(struct http_client *client, const struct call *call)
{
    struct connection_outcome outcome;
    if (client->trial && clock_monotonic_us() >= client->trial_until_us)
        end_trial(client);
    return client->trial && drive_trial(client, call, 0, &outcome) && is_well(&outcome);
}

// Tries it, and waits a moment. A trial that takes longer goes on: whoever asks next looks at it.
static bool try_server(struct http_client *client, struct call *call)
{
    struct connection_outcome outcome;
    struct grove_error unused;
    if (!client->trial && !begin_trial(client, call))
        return false;
    unsigned wait_ms = gate_trial_ms(&client->gate);
    if (!drive_trial(client, call, call_left_ms(call, wait_ms), &outcome))
        return false;
    // One that is gone is started, and looked for again.
    return is_well(&outcome) || (outcome.end == CONNECTION_LOST && client->starter.start &&
                                 start_server(client, call, wait_ms, &unused) == GROVE_OK);
}

// Whether this request may be sent. Of a server that is out nobody waits for the answer.
static bool may_ask(struct http_client *client, struct call *call)
{
    enum breaker_word word = gate_ask(&client->gate);
    if (word == BREAKER_PASS)
        return true;
    if (pthread_mutex_trylock(&client->trial_mutex) != 0)
        return false;
    bool answers = trial_was_answered(client, call);
    if (!answers && word == BREAKER_TRY)
        answers = try_server(client, call);
    if (answers || word == BREAKER_TRY)
        gate_tried(&client->gate, answers);
    pthread_mutex_unlock(&client->trial_mutex);
    return answers;
}

enum grove_code http_send(struct http_client *client, struct call *call,
                          const struct http_request *request, struct http_reply *ret,
                          struct grove_error *error)
{
    unsigned waited_ms = 0;
    for (;;) {
        unsigned again_s = 0;
        enum grove_code code = call_check(call, error);
        if (code == GROVE_OK && !is_patient(call) && !may_ask(client, call))
            code = set_out(client, error);
        if (code == GROVE_OK)
            code = ask_once(client, call, request, &again_s, ret, error);
        // Who waits does so for as long as the server says.
        if (code == GROVE_OK || !is_patient(call) || again_s == 0 ||
            again_s > (AGAIN_MS_MAX - waited_ms) / 1000)
            return code;
        waited_ms += again_s * 1000;
        if (!call_pause(call, again_s * 1000))
            return code;
    }
}

yyjson_val *http_result(const struct http_reply *reply)
{
    return yyjson_obj_get(yyjson_doc_get_root(reply->document), "result");
}

void http_reply_release(struct http_reply *reply)
{
    yyjson_doc_free(reply->document);
    reply->document = NULL;
}
