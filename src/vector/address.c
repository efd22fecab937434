// SPDX-License-Identifier: Apache-2.0
#include "vector/address.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/strbuf.h"

enum {
    QDRANT_PORT = 6333,
    HTTPS_PORT = 443,
    CONNECT_TIMEOUT_MS = 2000,
    HEADER_BYTES_MAX = 8192,
};

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

static bool ends_in(const char *host, const char *end)
{
    size_t length = strlen(host), wanted = strlen(end);
    return length >= wanted && text_equal_caseless(text_of(host + length - wanted), text_of(end));
}

// "localhost", names under it, 127.0.0.0/8, [::1] and what IPv6 writes for those.
static bool is_loopback(const char *host)
{
    char bare[INET6_ADDRSTRLEN + 1] = "";
    struct in_addr v4;
    struct in6_addr v6;
    if (text_equal_caseless(text_of(host), text_of("localhost")) ||
        text_equal_caseless(text_of(host), text_of("localhost.")) || ends_in(host, ".localhost"))
        return true;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
    size_t length = strlen(host);
    if (length < 2 || length - 2 >= sizeof bare || host[0] != '[' || host[length - 1] != ']')
        return false;
    memcpy(bare, host + 1, length - 2);
    return inet_pton(AF_INET6, bare, &v6) == 1 &&
           (IN6_IS_ADDR_LOOPBACK(&v6) ||
            (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == IN_LOOPBACKNET));
}

static enum grove_code take_parts(struct address *address, CURLU *url, struct grove_error *error)
{
    char *scheme = part(url, CURLUPART_SCHEME, 0), *host = part(url, CURLUPART_HOST, 0);
    char *port = part(url, CURLUPART_PORT, 0), *path = part(url, CURLUPART_PATH, 0);
    bool secure = scheme && strcmp(scheme, "https") == 0;
    char usual_port[8];
    snprintf(usual_port, sizeof usual_port, "%d", secure ? HTTPS_PORT : QDRANT_PORT);
    enum grove_code code = GROVE_OK;
    if (!scheme || !host || (strcmp(scheme, "http") != 0 && !secure))
        code = error_set(error, GROVE_INVALID, "QDRANT_URL must start with http:// or https://");
    else if ((size_t)snprintf(address->base, ADDRESS_SIZE, "%s://%s:%s%s", scheme, host,
                              port ? port : usual_port, path ? path : "") >= ADDRESS_SIZE)
        code = error_set(error, GROVE_INVALID, "QDRANT_URL is too long");
    else
        address->is_local = is_loopback(host);
    size_t length = strlen(address->base);
    while (code == GROVE_OK && length > 0 && address->base[length - 1] == '/')
        address->base[--length] = '\0';
    curl_free(path);
    curl_free(port);
    curl_free(host);
    curl_free(scheme);
    if (code == GROVE_OK)
        code = copy_secret(url, CURLUPART_USER, &address->user, error);
    if (code == GROVE_OK)
        code = copy_secret(url, CURLUPART_PASSWORD, &address->password, error);
    return code;
}

static enum grove_code take_url(struct address *address, const struct qdrant_options *options,
                                struct grove_error *error)
{
    if (options->socket_path) {
        snprintf(address->base, ADDRESS_SIZE, "http://localhost");
        address->is_local = true;
        address->socket_path = mem_strdup(options->socket_path);
        return address->socket_path ? GROVE_OK : error_no_memory(error, "a socket's path");
    }
    CURLU *url = curl_url();
    if (!url)
        return error_no_memory(error, "the engine's address");
    enum grove_code code;
    // The message does not repeat the URL: it may hold a password.
    if (!options->url || curl_url_set(url, CURLUPART_URL, options->url, 0) != CURLUE_OK)
        code = error_set(error, GROVE_INVALID, "QDRANT_URL is not a URL");
    else
        code = take_parts(address, url, error);
    if (code == GROVE_INVALID)
        error_hint(error, "it looks like http://127.0.0.1:6333");
    curl_url_cleanup(url);
    return code;
}

// --- headers -------------------------------------------------------------------------------------

static enum grove_code add_header(struct address *address, const char *header,
                                  struct grove_error *error)
{
    struct curl_slist *more = curl_slist_append(address->headers, header);
    if (!more)
        return error_no_memory(error, "the engine's headers");
    address->headers = more;
    return GROVE_OK;
}

static enum grove_code add_key(struct address *address, const char *key, struct grove_error *error)
{
    if (!key || !*key)
        return GROVE_OK;
    struct strbuf header;
    strbuf_init(&header, HEADER_BYTES_MAX);
    strbuf_add(&header, "api-key: ");
    strbuf_add(&header, key);
    enum grove_code code = GROVE_OK;
    if (header.failed || strpbrk(header.data, "\r\n"))
        code = error_set(error, GROVE_INVALID, "QDRANT_API_KEY is too long or has a line break");
    else
        code = add_header(address, header.data, error);
    strbuf_release(&header);
    return code;
}

enum grove_code address_init(struct address *address, const struct qdrant_options *options,
                             struct grove_error *error)
{
    *address = (struct address){.connect_timeout_ms = options->connect_timeout_ms
                                                          ? options->connect_timeout_ms
                                                          : CONNECT_TIMEOUT_MS};
    enum grove_code code = take_url(address, options, error);
    if (code == GROVE_OK)
        code = add_header(address, "Content-Type: application/json", error);
    if (code == GROVE_OK) // a round trip more for every large body
        code = add_header(address, "Expect:", error);
    if (code == GROVE_OK)
        code = add_key(address, options->api_key, error);
    if (code != GROVE_OK)
        address_release(address);
    return code;
}

void address_release(struct address *address)
{
    curl_slist_free_all(address->headers);
    mem_free(address->socket_path);
    mem_free(address->password);
    mem_free(address->user);
    *address = (struct address){.headers = NULL};
}

const char *address_describe(const struct address *address)
{
    return address->socket_path ? address->socket_path : address->base;
}
