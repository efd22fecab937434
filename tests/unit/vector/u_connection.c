// SPDX-License-Identifier: Apache-2.0
// A host without standard streams: nothing that a connection opens gets their numbers, neither for
// good nor for the moment that it is made. Over a Unix socket, TCP and TLS, with a server and a
// certificate of our own.
#include "../test.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/call.h"
#include "vector/connection.h"

enum { STREAMS = 3, REQUESTS = 2, LIMIT_MS = 20000 };

// --- what is seen from outside ------------------------------------------------------------------

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

// All numbers are taken, by what can be neither read nor written.
static bool are_held(void)
{
    bool held = true;
    for (int fd = 0; fd < STREAMS; fd++)
        held = held && is_open(fd) && (fcntl(fd, F_GETFL) & O_PATH);
    return held;
}

static bool are_closed(void)
{
    return !is_open(0) && !is_open(1) && !is_open(2);
}

static atomic_int looked_up, looked_up_unheld;

// Called by libcurl, in a thread of its own. Every name is this machine's.
__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **ret)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    looked_up++;
    looked_up_unheld += !are_held();
    (void)node;
    return real("127.0.0.1", service, hints, ret);
}

// --- the server ---------------------------------------------------------------------------------

struct server {
    int listener;
    SSL_CTX *tls; // NULL: none
    bool held_while_greeting, free_while_asked;
    size_t answered;
    pthread_t thread;
};

static char certificate_path[64];

static EVP_PKEY *make_certificate(X509 **ret)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    assert_true(key && certificate);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1,
                               0);
    X509_set_issuer_name(certificate, name);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    *ret = certificate;
    return key;
}

static SSL_CTX *make_tls(void)
{
    X509 *certificate;
    EVP_PKEY *key = make_certificate(&certificate);
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    assert_non_null(tls);
    assert_int_equal(SSL_CTX_use_certificate(tls, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(tls, key), 1);
    snprintf(certificate_path, sizeof certificate_path, "/tmp/grove-u_connection-%d.pem",
             (int)getpid());
    FILE *file = fopen(certificate_path, "we");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return tls;
}

// The certificate that the server made itself is trusted, as one of the system's would be.
CURLMcode __wrap_curl_multi_add_handle(CURLM *multi, CURL *easy);
CURLMcode __real_curl_multi_add_handle(CURLM *multi, CURL *easy);
CURLMcode __wrap_curl_multi_add_handle(CURLM *multi, CURL *easy)
{
    if (certificate_path[0])
        curl_easy_setopt(easy, CURLOPT_CAINFO, certificate_path);
    return __real_curl_multi_add_handle(multi, easy);
}

static bool read_head(int fd, SSL *tls)
{
    char head[4096];
    size_t length = 0;
    while (length < sizeof head - 1) {
        char *end = head + length;
        ssize_t got = tls ? SSL_read(tls, end, (int)(sizeof head - 1 - length))
                          : recv(fd, end, sizeof head - 1 - length, 0);
        if (got <= 0)
            return false;
        length += (size_t)got;
        head[length] = '\0';
        if (strstr(head, "\r\n\r\n"))
            return true;
    }
    return false;
}

// None of the numbers that are looked at.
static int accept_above(int listener)
{
    // accept(2) takes a number while it waits, which may be that of a closed stream.
    struct pollfd coming = {.fd = listener, .events = POLLIN};
    poll(&coming, 1, -1);
    int low = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    int fd = fcntl(low, F_DUPFD_CLOEXEC, 10);
    close(low);
    return fd;
}

// All requests over one connection.
static void *serve(void *state)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    struct server *server = state;
    char byte;
    int fd = accept_above(server->listener);
    SSL *tls = NULL;
    if (server->tls && fd >= 0) {
        // Its greeting is there, and it waits for ours.
        server->held_while_greeting = recv(fd, &byte, 1, MSG_PEEK) == 1 && are_held();
        tls = SSL_new(server->tls);
        SSL_set_fd(tls, fd);
        if (SSL_accept(tls) != 1)
            fd = -1;
    }
    server->free_while_asked = true;
    while (fd >= 0 && server->answered < REQUESTS && read_head(fd, tls)) {
        server->free_while_asked = server->free_while_asked && are_closed();
        size_t length = sizeof answer - 1;
        if (tls ? SSL_write(tls, answer, (int)length) <= 0
                : send(fd, answer, length, MSG_NOSIGNAL) != (ssize_t)length)
            break;
        server->answered++;
    }
    SSL_free(tls);
    close(fd);
    return NULL;
}

static unsigned short listen_on(struct server *server, const char *path)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX};
    struct sockaddr_in anywhere = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof anywhere;
    server->listener = socket(path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (path) {
        snprintf(here.sun_path, sizeof here.sun_path, "%s", path);
        unlink(path);
        assert_int_equal(bind(server->listener, (struct sockaddr *)&here, sizeof here), 0);
    } else {
        assert_int_equal(bind(server->listener, (struct sockaddr *)&anywhere, length), 0);
        assert_int_equal(getsockname(server->listener, (struct sockaddr *)&anywhere, &length), 0);
    }
    assert_int_equal(listen(server->listener, 8), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
    return ntohs(anywhere.sin_port);
}

// --- the host -----------------------------------------------------------------------------------

static void close_streams(int ret_kept[STREAMS])
{
    fflush(NULL);
    for (int fd = 0; fd < STREAMS; fd++) {
        ret_kept[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
        close(fd);
    }
}

static void reopen_streams(const int kept[STREAMS])
{
    for (int fd = 0; fd < STREAMS; fd++)
        if (kept[fd] >= 0) {
            dup2(kept[fd], fd);
            close(kept[fd]);
        }
}

static bool ask(struct connection *connection, const struct address *address)
{
    static const struct http_request request = {.method = "GET", .path = "/"};
    struct connection_outcome outcome;
    struct grove_error error;
    if (connection_begin(connection, address, &request, LIMIT_MS, &error) != GROVE_OK)
        return false;
    while (!connection_drive(connection, CALL_SLICE_MS, &outcome))
        ;
    return outcome.end == CONNECTION_ANSWERED && outcome.status == 200;
}

// Two requests of a host that has closed its streams; the second over the kept connection.
static void ask_without_streams(struct server *server, const struct qdrant_options *options)
{
    struct address address;
    struct grove_error error;
    int kept[STREAMS];
    bool answered[REQUESTS] = {false}, closed[REQUESTS];
    assert_ok(address_init(&address, options, &error), error);
    close_streams(kept);
    struct connection *connection = connection_new();
    for (int i = 0; connection && i < REQUESTS; i++) {
        answered[i] = ask(connection, &address);
        closed[i] = are_closed();
    }
    connection_free(connection);
    reopen_streams(kept);
    address_release(&address);
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    for (int i = 0; i < REQUESTS; i++) {
        assert_true(answered[i]);
        assert_true(closed[i]);
    }
    assert_int_equal(server->answered, REQUESTS); // all over one
    assert_true(server->free_while_asked);
}

static void over_a_unix_socket(void **state)
{
    (void)state;
    struct server server = {.tls = NULL};
    char path[64];
    snprintf(path, sizeof path, "/tmp/grove-u_connection-%d", (int)getpid());
    listen_on(&server, path);
    ask_without_streams(&server, &(struct qdrant_options){.socket_path = path});
    unlink(path);
}

static void over_tcp_and_by_name(void **state)
{
    (void)state;
    struct server server = {.tls = NULL};
    char url[64];
    looked_up = looked_up_unheld = 0;
    snprintf(url, sizeof url, "http://qdrant.example:%u", listen_on(&server, NULL));
    ask_without_streams(&server, &(struct qdrant_options){.url = url});
    assert_true(looked_up > 0);
    assert_int_equal(looked_up_unheld, 0);
}

static void over_tls(void **state)
{
    (void)state;
    struct server server = {.tls = make_tls()};
    char url[64];
    snprintf(url, sizeof url, "https://localhost:%u", listen_on(&server, NULL));
    ask_without_streams(&server, &(struct qdrant_options){.url = url});
    assert_true(server.held_while_greeting);
    SSL_CTX_free(server.tls);
    unlink(certificate_path);
    certificate_path[0] = '\0';
}

// A trial that nobody looks at for a while keeps nothing from the host.
static void one_that_rests_holds_nothing(void **state)
{
    (void)state;
    static const struct http_request request = {.method = "GET", .path = "/"};
    struct server server = {.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_in anywhere = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof anywhere;
    struct address address;
    struct connection_outcome outcome;
    struct grove_error error;
    int kept[STREAMS];
    char url[64];
    // It accepts, and never greets.
    assert_int_equal(bind(server.listener, (struct sockaddr *)&anywhere, length), 0);
    assert_int_equal(getsockname(server.listener, (struct sockaddr *)&anywhere, &length), 0);
    assert_int_equal(listen(server.listener, 8), 0);
    snprintf(url, sizeof url, "https://127.0.0.1:%u", ntohs(anywhere.sin_port));
    assert_ok(address_init(&address, &(struct qdrant_options){.url = url}, &error), error);
    close_streams(kept);
    struct connection *connection = connection_new();
    enum grove_code code = connection_begin(connection, &address, &request, LIMIT_MS, &error);
    bool ended = connection_drive(connection, CALL_SLICE_MS, &outcome);
    bool held = are_held();
    ended = ended || connection_drive(connection, 0, &outcome);
    bool rests = are_closed();
    ended = ended || connection_drive(connection, CALL_SLICE_MS, &outcome);
    bool held_again = are_held();
    connection_free(connection);
    bool closed = are_closed();
    reopen_streams(kept);
    close(server.listener);
    address_release(&address);
    assert_int_equal(code, GROVE_OK);
    assert_false(ended);
    assert_true(held && rests && held_again && closed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_a_unix_socket),
        cmocka_unit_test(over_tcp_and_by_name),
        cmocka_unit_test(over_tls),
        cmocka_unit_test(one_that_rests_holds_nothing),
    };
    setenv("no_proxy", "*", 1);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
