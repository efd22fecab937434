// SPDX-License-Identifier: Apache-2.0
//
// What libcurl opens must be none of the host's standard streams (base/descriptor.h):
//
//     curl_global_init     the TLS library's configuration       held around it (http.c)
//     curl_multi_init      a pair by which it wakes itself       held around it
//     looking up a name    a pair, and in a thread of its own    held from resolver_starts ...
//                          the resolver's files and sockets
//     connecting           sockets                               ... or open_socket ...
//     greeting by TLS      the certificates that are trusted     ... to is_connected
//
// A kept connection opens nothing, and so holds nothing. Nor does one that nobody works on: what it
// has begun, such as looking up a name, goes on without that.
#include "vector/connection.h"

#include <curl/curl.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/descriptor.h"
#include "base/strbuf.h"

struct connection {
    CURL *easy;
    CURLM *multi; // its own: keeps the connection that the easy handle is connected by
    bool busy;
    bool connects, holds; // the standard descriptors are held while it connects
    struct strbuf body;
};

struct connection *connection_new(void)
{
    struct connection *connection = mem_zalloc(sizeof *connection);
    if (!connection)
        return NULL;
    strbuf_init(&connection->body, CONNECTION_BODY_BYTES_MAX);
    connection->easy = curl_easy_init();
    descriptor_hold_standard();
    connection->multi = curl_multi_init();
    descriptor_let_standard_go();
    if (connection->easy && connection->multi)
        return connection;
    connection_free(connection);
    return NULL;
}

void connection_free(struct connection *connection)
{
    if (!connection)
        return;
    if (connection->busy)
        connection_leave(connection);
    if (connection->easy)
        curl_easy_cleanup(connection->easy);
    if (connection->multi)
        curl_multi_cleanup(connection->multi);
    strbuf_release(&connection->body);
    mem_free(connection);
}

// --- connecting ----------------------------------------------------------------------------------

static void hold(struct connection *connection)
{
    connection->connects = true;
    if (!connection->holds)
        descriptor_hold_standard();
    connection->holds = true;
}

static void let_go(struct connection *connection)
{
    if (connection->holds)
        descriptor_let_standard_go();
    connection->holds = false;
}

static int resolver_starts(void *resolver, void *reserved, void *state)
{
    (void)resolver;
    (void)reserved;
    hold(state);
    return 0;
}

// Closed on exec: the host may start programs.
static curl_socket_t open_socket(void *state, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    hold(state);
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int is_connected(void *state, char *remote, char *local, int remote_port, int local_port)
{
    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    struct connection *connection = state;
    let_go(connection);
    connection->connects = false;
    return CURL_PREREQFUNC_OK;
}

static void set_descriptor_options(struct connection *connection)
{
    CURL *easy = connection->easy;
    curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, resolver_starts);
    curl_easy_setopt(easy, CURLOPT_RESOLVER_START_DATA, connection);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, connection);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, is_connected);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, connection);
}

// --- a request -----------------------------------------------------------------------------------

static size_t receive(char *data, size_t size, size_t count, void *state)
{
    struct strbuf *body = state;
    strbuf_add_bytes(body, data, size * count);
    return body->failed ? 0 : size * count;
}

static void set_options(struct connection *connection, const struct address *address,
                        const struct http_request *request, const char *url, unsigned timeout_ms)
{
    CURL *easy = connection->easy;
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, address->headers);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)address->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &connection->body);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
#if LIBCURL_VERSION_NUM >= 0x075700
    // Who leaves does not wait for a name that is being looked up.
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    if (address->socket_path)
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, address->socket_path);
    if (address->is_local)
        curl_easy_setopt(easy, CURLOPT_PROXY, ""); // whatever http_proxy says
    if (address->user)
        curl_easy_setopt(easy, CURLOPT_USERNAME, address->user);
    if (address->password)
        curl_easy_setopt(easy, CURLOPT_PASSWORD, address->password);
    if (request->body.data) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.data);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.length);
    }
}

enum grove_code connection_begin(struct connection *connection, const struct address *address,
                                 const struct http_request *request, unsigned timeout_ms,
                                 struct grove_error *error)
{
    char url[ADDRESS_SIZE + 512];
    CHECK(!connection->busy);
    if ((size_t)snprintf(url, sizeof url, "%s%s", address->base, request->path) >= sizeof url)
        return error_set(error, GROVE_INVALID, "the collection's name is too long");
    strbuf_clear(&connection->body);
    connection->body.bytes_max =
        request->reply_bytes_max ? request->reply_bytes_max : CONNECTION_BODY_BYTES_MAX;
    set_options(connection, address, request, url, timeout_ms);
    set_descriptor_options(connection);
    if (curl_multi_add_handle(connection->multi, connection->easy) != CURLM_OK) {
        curl_easy_reset(connection->easy);
        return error_no_memory(error, "a request to the vector engine");
    }
    connection->busy = true;
    return GROVE_OK;
}

// libcurl says it is out of memory, too, where a header is longer than what it lets one have.
static bool has_long_headers(CURLcode result, long status)
{
    return result == CURLE_OUT_OF_MEMORY && status != 0;
}

static enum connection_end end_of(const struct connection *connection, CURLcode result, long status)
{
    switch (result) {
    case CURLE_OK: return CONNECTION_ANSWERED;
    case CURLE_OUT_OF_MEMORY:
        return has_long_headers(result, status) ? CONNECTION_FAILED : CONNECTION_NO_MEMORY;
    case CURLE_OPERATION_TIMEDOUT: return CONNECTION_SILENT;
    case CURLE_COULDNT_CONNECT:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE: return CONNECTION_LOST;
    case CURLE_WRITE_ERROR: // ours: the body did not take it
        return connection->body.length > 0 ? CONNECTION_TOO_LONG : CONNECTION_NO_MEMORY;
    default: return CONNECTION_FAILED;
    }
}

static struct connection_outcome take_outcome(const struct connection *connection, CURLcode result)
{
    long status = 0, connects = 0;
    curl_off_t retry_after_s = 0, total_us = 0;
    curl_easy_getinfo(connection->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(connection->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    curl_easy_getinfo(connection->easy, CURLINFO_NUM_CONNECTS, &connects);
    curl_easy_getinfo(connection->easy, CURLINFO_TOTAL_TIME_T, &total_us);
    return (struct connection_outcome){
        .end = end_of(connection, result, status),
        .status = (int)status,
        .retry_after_s = retry_after_s <= 0           ? 0
                         : retry_after_s < UINT16_MAX ? (unsigned)retry_after_s
                                                      : UINT16_MAX,
        .first_us = connects > 0 ? (total_us > 0 ? total_us : 1) : 0,
        .reason = has_long_headers(result, status) ? "the headers of its answer are too long"
                                                   : curl_easy_strerror(result),
    };
}

// The easy handle as new, but for its connection.
static void detach(struct connection *connection)
{
    curl_multi_remove_handle(connection->multi, connection->easy);
    curl_easy_reset(connection->easy);
    let_go(connection);
    connection->connects = connection->busy = false;
}

bool connection_drive(struct connection *connection, unsigned slice_ms,
                      struct connection_outcome *ret)
{
    CHECK(connection->busy);
    int running = 0;
    if (connection->connects)
        hold(connection);
    CURLMcode failure = curl_multi_perform(connection->multi, &running);
    if (failure == CURLM_OK && running > 0 && slice_ms > 0) {
        failure = curl_multi_poll(connection->multi, NULL, 0, (int)slice_ms, NULL);
        if (failure == CURLM_OK)
            failure = curl_multi_perform(connection->multi, &running);
    }
    if (failure == CURLM_OK && running > 0) {
        if (slice_ms == 0)
            let_go(connection);
        return false;
    }
    int left;
    CURLMsg *message = curl_multi_info_read(connection->multi, &left);
    CURLcode result = failure == CURLM_OUT_OF_MEMORY            ? CURLE_OUT_OF_MEMORY
                      : message && message->msg == CURLMSG_DONE ? message->data.result
                                                                : CURLE_RECV_ERROR;
    *ret = take_outcome(connection, result);
    detach(connection);
    return true;
}

void connection_leave(struct connection *connection)
{
    CHECK(connection->busy);
    detach(connection);
    connection_forget_body(connection);
}

struct text connection_body(const struct connection *connection)
{
    return strbuf_text(&connection->body);
}

void connection_forget_body(struct connection *connection)
{
    strbuf_release(&connection->body);
    strbuf_init(&connection->body, CONNECTION_BODY_BYTES_MAX);
}
