// SPDX-License-Identifier: Apache-2.0
#include "vector/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/disk.h"
#include "base/json.h"
#include "base/strbuf.h"

enum {
    CONNECTIONS_DEFAULT = 16,
    CONNECTIONS_MAX = 512,
    CONNECT_TIMEOUT_MS = 2000,
    REQUEST_TIMEOUT_MS = 30000,
    REPLY_BYTES_MAX = 64 << 20,
    URL_SIZE = 2048,
    QDRANT_PORT = 6333,
};

#define PRIVATE_LOG "its log is servers/log/vector.log in the home"

struct http_client {
    struct qdrant_options options; // its strings are the following
    char base[URL_SIZE];           // where requests go, without credentials: for messages too
    char *user, *password;         // from the URL, or NULL
    char *socket_path;
    struct curl_slist *headers;
    pthread_mutex_t mutex; // guards what follows
    pthread_cond_t returned;
    unsigned open_count;
    unsigned idle_count;
    CURL *idle[CONNECTIONS_MAX];
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void init_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

// --- the URL -------------------------------------------------------------------------------------

static char *part(CURLU *url, CURLUPart which, unsigned flags)
{
    char *value = NULL;
    return curl_url_get(url, which, &value, flags) == CURLUE_OK ? value : NULL;
}

static enum grove_code copy_secret(CURLU *url, CURLUPart which, char **ret,
                                   struct grove_error *error)
{
    char *value = part(url, which, CURLU_URLDECODE);
    *ret = value ? mem_strdup(value) : NULL;
    bool failed = value && !*ret;
    curl_free(value);
    return failed ? error_no_memory(error, "the engine's address") : GROVE_OK;
}

static enum grove_code take_parts(struct http_client *client, CURLU *url, struct grove_error *error)
{
    char *scheme = part(url, CURLUPART_SCHEME, 0), *host = part(url, CURLUPART_HOST, 0);
    char *port = part(url, CURLUPART_PORT, 0), *path = part(url, CURLUPART_PATH, 0);
    char default_port[8];
    snprintf(default_port, sizeof default_port, "%d", QDRANT_PORT);
    enum grove_code code = GROVE_OK;
    if (!scheme || !host || (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        code = error_set(error, GROVE_INVALID, "QDRANT_URL must start with http:// or https://");
    else if ((size_t)snprintf(client->base, URL_SIZE, "%s://%s:%s%s", scheme, host,
                              port ? port : default_port, path ? path : "") >= URL_SIZE)
        code = error_set(error, GROVE_INVALID, "QDRANT_URL is too long");
    size_t length = strlen(client->base);
    while (code == GROVE_OK && length > 0 && client->base[length - 1] == '/')
        client->base[--length] = '\0';
    curl_free(path);
    curl_free(port);
    curl_free(host);
    curl_free(scheme);
    if (code == GROVE_OK)
        code = copy_secret(url, CURLUPART_USER, &client->user, error);
    if (code == GROVE_OK)
        code = copy_secret(url, CURLUPART_PASSWORD, &client->password, error);
    return code;
}

static enum grove_code take_url(struct http_client *client, struct grove_error *error)
{
    if (client->options.socket_path) {
        snprintf(client->base, URL_SIZE, "http://localhost");
        client->socket_path = mem_strdup(client->options.socket_path);
        return client->socket_path ? GROVE_OK : error_no_memory(error, "a socket's path");
    }
    CURLU *url = curl_url();
    if (!url)
        return error_no_memory(error, "the engine's address");
    enum grove_code code;
    // The message does not repeat the URL: it may hold a password.
    if (!client->options.url ||
        curl_url_set(url, CURLUPART_URL, client->options.url, 0) != CURLUE_OK) {
        code = error_set(error, GROVE_INVALID, "QDRANT_URL is not a URL");
    } else {
        code = take_parts(client, url, error);
    }
    if (code == GROVE_INVALID)
        error_hint(error, "it looks like http://127.0.0.1:6333");
    curl_url_cleanup(url);
    return code;
}

// --- the client ----------------------------------------------------------------------------------

static enum grove_code add_header(struct http_client *client, const char *header,
                                  struct grove_error *error)
{
    struct curl_slist *more = curl_slist_append(client->headers, header);
    if (!more)
        return error_no_memory(error, "the engine's headers");
    client->headers = more;
    return GROVE_OK;
}

static enum grove_code add_key(struct http_client *client, struct grove_error *error)
{
    const char *key = client->options.api_key;
    if (!key || !*key)
        return GROVE_OK;
    struct strbuf header;
    strbuf_init(&header, 8192);
    strbuf_add(&header, "api-key: ");
    strbuf_add(&header, key);
    enum grove_code code = GROVE_OK;
    if (header.failed || strpbrk(header.data, "\r\n"))
        code = error_set(error, GROVE_INVALID, "QDRANT_API_KEY is too long or has a line break");
    else
        code = add_header(client, header.data, error);
    strbuf_release(&header);
    return code;
}

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
    client->options = *options;
    struct qdrant_options *o = &client->options;
    o->connections_max = o->connections_max ? o->connections_max : CONNECTIONS_DEFAULT;
    o->connect_timeout_ms = o->connect_timeout_ms ? o->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    o->request_timeout_ms = o->request_timeout_ms ? o->request_timeout_ms : REQUEST_TIMEOUT_MS;
    pthread_mutex_init(&client->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&client->returned, &attributes);
    pthread_condattr_destroy(&attributes);
    enum grove_code code = take_url(client, error);
    if (code == GROVE_OK)
        code = add_header(client, "Content-Type: application/json", error);
    if (code == GROVE_OK) // a round trip more for every large body
        code = add_header(client, "Expect:", error);
    if (code == GROVE_OK)
        code = add_key(client, error);
    o->url = o->api_key = NULL; // borrowed until here
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
        curl_easy_cleanup(client->idle[i]);
    curl_slist_free_all(client->headers);
    pthread_cond_destroy(&client->returned);
    pthread_mutex_destroy(&client->mutex);
    mem_free(client->socket_path);
    mem_free(client->password);
    mem_free(client->user);
    mem_free(client);
}

const char *http_describe(const struct http_client *client)
{
    return client->socket_path ? client->socket_path : client->base;
}

// --- handles -------------------------------------------------------------------------------------

static enum grove_code take_handle(struct http_client *client, CURL **ret,
                                   struct grove_error *error)
{
    // Not the request's own limit: that others are busy does not tell that the server hangs.
    int64_t at_us = clock_monotonic_us() + (int64_t)client->options.request_timeout_ms * 1000;
    struct timespec deadline = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};
    bool late = false;
    CURL *handle = NULL;
    pthread_mutex_lock(&client->mutex);
    while (!late && client->idle_count == 0 &&
           client->open_count == client->options.connections_max)
        late = pthread_cond_timedwait(&client->returned, &client->mutex, &deadline) == ETIMEDOUT;
    if (client->idle_count > 0)
        handle = client->idle[--client->idle_count];
    else if (client->open_count < client->options.connections_max &&
             (handle = curl_easy_init()) != NULL)
        client->open_count++;
    pthread_mutex_unlock(&client->mutex);
    if (!handle && late)
        return error_set(error, GROVE_TIMEOUT,
                         "all %u connections to the vector engine were busy for %u ms",
                         client->options.connections_max, client->options.request_timeout_ms);
    if (!handle)
        return error_no_memory(error, "a connection to the vector engine");
    *ret = handle;
    return GROVE_OK;
}

static void give_handle(struct http_client *client, CURL *handle)
{
    curl_easy_reset(handle); // keeps the connection
    pthread_mutex_lock(&client->mutex);
    CHECK(client->idle_count < client->open_count);
    client->idle[client->idle_count++] = handle;
    pthread_cond_signal(&client->returned);
    pthread_mutex_unlock(&client->mutex);
}

// --- a call --------------------------------------------------------------------------------------

static size_t receive(char *data, size_t size, size_t count, void *state)
{
    struct strbuf *body = state;
    strbuf_add_bytes(body, data, size * count);
    return body->failed ? 0 : size * count;
}

static void set_options(struct http_client *client, CURL *handle,
                        const struct http_request *request, const char *url, struct strbuf *reply)
{
    unsigned timeout_ms =
        request->timeout_ms ? request->timeout_ms : client->options.request_timeout_ms;
    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, client->headers);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)client->options.connect_timeout_ms);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, reply);
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    if (client->socket_path) {
        curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, client->socket_path);
        curl_easy_setopt(handle, CURLOPT_PROXY, ""); // whatever http_proxy says
    }
    if (client->user)
        curl_easy_setopt(handle, CURLOPT_USERNAME, client->user);
    if (client->password)
        curl_easy_setopt(handle, CURLOPT_PASSWORD, client->password);
    if (request->body.data) {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request->body.data);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.length);
    }
}

static enum grove_code set_transport_error(const struct http_client *client, CURLcode result,
                                           bool reply_too_long, struct grove_error *error)
{
    if (reply_too_long)
        return error_set(error, GROVE_LIMIT, "the vector engine's answer has more than %d bytes",
                         REPLY_BYTES_MAX);
    if (result == CURLE_OUT_OF_MEMORY)
        return error_no_memory(error, "a request to the vector engine");
    enum grove_code code = result == CURLE_OPERATION_TIMEDOUT ? GROVE_TIMEOUT : GROVE_UNAVAILABLE;
    error_set(error, code,
              code == GROVE_TIMEOUT ? "the vector engine at %s did not answer in time"
                                    : "could not reach the vector engine at %s",
              http_describe(client));
    error_detail(error, "%s", curl_easy_strerror(result));
    error->origin = GROVE_ORIGIN_QDRANT;
    if (!client->socket_path)
        error_hint(error, "check QDRANT_URL and that Qdrant runs there");
    else if (code == GROVE_TIMEOUT)
        error_hint(error, "try again; if it hangs, \"grove stop\" ends it and the next command "
                          "starts it; " PRIVATE_LOG);
    else
        error_hint(error, PRIVATE_LOG);
    return code;
}

static enum grove_code perform(struct http_client *client, CURL *handle, struct strbuf *reply,
                               bool *ret_lost, struct grove_error *error)
{
    strbuf_clear(reply);
    descriptor_hold_standard();
    CURLcode result = curl_easy_perform(handle);
    descriptor_let_standard_go();
    *ret_lost = result == CURLE_COULDNT_CONNECT || result == CURLE_GOT_NOTHING ||
                result == CURLE_RECV_ERROR || result == CURLE_SEND_ERROR ||
                result == CURLE_PARTIAL_FILE;
    return result == CURLE_OK
               ? GROVE_OK
               : set_transport_error(client, result, reply->failed && reply->length > 0, error);
}

static enum grove_code send_request(struct http_client *client, CURL *handle, struct strbuf *reply,
                                    struct grove_error *error)
{
    bool lost;
    enum grove_code code = perform(client, handle, reply, &lost, error);
    if (code == GROVE_OK || !lost)
        return code;
    if (client->options.starter.start) {
        code = client->options.starter.start(client->options.starter.state, error);
        if (code != GROVE_OK)
            return code;
    }
    return perform(client, handle, reply, &lost, error);
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
static enum grove_code set_reply_error(const struct http_client *client, long status,
                                       yyjson_doc *document, struct grove_error *error)
{
    yyjson_val *reason =
        yyjson_obj_get(yyjson_obj_get(yyjson_doc_get_root(document), "status"), "error");
    struct text text = json_text(reason);
    enum grove_code code = code_of_status(status);
    if (code == GROVE_ENGINE && disk_full_in_words(text))
        code = GROVE_IO;
    if (text.length > 0)
        error_set(error, code, "the vector engine refused: %.*s",
                  (int)(text.length < 400 ? text.length : 400), text.data);
    else
        error_set(error, code, "the vector engine at %s answered with HTTP status %ld",
                  http_describe(client), status);
    error->origin = GROVE_ORIGIN_QDRANT;
    error->http_status = (int)status;
    if (code == GROVE_DENIED)
        error_hint(error, "check QDRANT_API_KEY");
    else if (code == GROVE_IO)
        error_hint(error, "free some space on the disk of the vector engine, then run \"grove "
                          "sync\"; nothing is lost");
    else if (status >= 500 && client->socket_path)
        error_hint(error, PRIVATE_LOG);
    return code;
}

static enum grove_code read_reply(struct http_client *client, CURL *handle,
                                  const struct strbuf *body, struct http_reply *ret,
                                  struct grove_error *error)
{
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    yyjson_read_err failure = {0};
    yyjson_doc *document =
        yyjson_read_opts(body->data, body->length, 0, json_allocator(), &failure);
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

enum grove_code http_send(struct http_client *client, const struct http_request *request,
                          struct http_reply *ret, struct grove_error *error)
{
    char url[URL_SIZE + 512];
    if ((size_t)snprintf(url, sizeof url, "%s%s", client->base, request->path) >= sizeof url)
        return error_set(error, GROVE_INVALID, "the collection's name is too long");
    CURL *handle = NULL;
    enum grove_code code = take_handle(client, &handle, error);
    if (code != GROVE_OK)
        return code;
    struct strbuf reply;
    strbuf_init(&reply, REPLY_BYTES_MAX);
    set_options(client, handle, request, url, &reply);
    code = send_request(client, handle, &reply, error);
    if (code == GROVE_OK)
        code = read_reply(client, handle, &reply, ret, error);
    strbuf_release(&reply);
    give_handle(client, handle);
    return code;
}

enum grove_code http_call(struct http_client *client, const char *method, const char *path,
                          struct text body, struct http_reply *ret, struct grove_error *error)
{
    struct http_request request = {.method = method, .path = path, .body = body};
    return http_send(client, &request, ret, error);
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
