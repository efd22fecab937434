// SPDX-License-Identifier: Apache-2.0
#include "canned.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vector/qdrant.h"

static size_t read_request(int fd, char *buffer, size_t size)
{
    size_t length = 0;
    for (;;) {
        ssize_t got = read(fd, buffer + length, size - 1 - length);
        if (got <= 0)
            return 0;
        length += (size_t)got;
        buffer[length] = '\0';
        const char *end = strstr(buffer, "\r\n\r\n");
        const char *header = strcasestr(buffer, "content-length:");
        size_t wanted = header ? (size_t)strtoul(header + 15, NULL, 10) : 0;
        if (end && length >= (size_t)(end + 4 - buffer) + wanted)
            return length;
    }
}

static void *serve(void *state)
{
    struct canned_server *server = state;
    static char buffer[1 << 20];
    int fd = -1;
    for (size_t i = 0; i < server->count; i++) {
        if (fd < 0)
            fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        if (read_request(fd, buffer, sizeof buffer) == 0) {
            close(fd);
            fd = -1;
            i--;
            continue;
        }
        snprintf(server->requests[i], sizeof server->requests[i], "%.8000s", buffer);
        server->served = i + 1;
        if (!server->answers[i].body) {
            close(fd);
            fd = -1;
            continue;
        }
        dprintf(fd, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", server->answers[i].status,
                strlen(server->answers[i].body), server->answers[i].body);
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

void canned_listen(struct canned_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    *server = (struct canned_server){.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(server->listener, 64), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &length), 0);
    server->port = ntohs(address.sin_port);
}

void canned_serve(struct canned_server *server, const struct canned_answer *answers, size_t count)
{
    assert_true(count <= ARRAY_COUNT(server->requests));
    server->answers = answers;
    server->count = count;
    server->serves = true;
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

void canned_start(struct canned_server *server, const struct canned_answer *answers, size_t count)
{
    canned_listen(server);
    canned_serve(server, answers, count);
}

void canned_stop(struct canned_server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    if (server->serves)
        pthread_join(server->thread, NULL);
    close(server->listener);
}

struct vector_engine *canned_engine(const struct canned_server *server, const char *key)
{
    struct vector_engine *engine;
    struct grove_error error;
    char url[128];
    snprintf(url, sizeof url, "http://user:secret@127.0.0.1:%u/", server->port);
    struct qdrant_options options = {.url = url, .api_key = key, .request_timeout_ms = 5000};
    assert_ok(qdrant_open(&options, &engine, &error), error);
    return engine;
}
