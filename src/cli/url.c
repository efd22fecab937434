// SPDX-License-Identifier: Apache-2.0
#include "cli/url.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cli/conninfo.h"

enum { URL_BYTES_MAX = 65536 };

// A value of keyword = value.
static void add_keyword(struct strbuf *out, const char *name, const char *value)
{
    if (!value || !value[0])
        return;
    strbuf_addf(out, "%s%s='", out->length ? " " : "", name);
    for (; *value; value++) {
        if (*value == '\'' || *value == '\\')
            strbuf_add_char(out, '\\');
        strbuf_add_char(out, *value);
    }
    strbuf_add_char(out, '\'');
}

// libpq's URL, whatever form the connection string has.
static enum grove_code add_libpq_url(const char *rest, struct strbuf *out,
                                     struct grove_error *error)
{
    struct strbuf keywords;
    if (strstr(rest, "://") || strchr(rest, '='))
        return conninfo_add_url(rest, out, error);
    strbuf_init(&keywords, URL_BYTES_MAX);
    add_keyword(&keywords, "host", getenv("PGHOST"));
    add_keyword(&keywords, "hostaddr", getenv("PGHOSTADDR"));
    add_keyword(&keywords, "port", getenv("PGPORT"));
    add_keyword(&keywords, "user", getenv("PGUSER"));
    add_keyword(&keywords, "dbname", rest[0] ? rest : getenv("PGDATABASE"));
    add_keyword(&keywords, "service", getenv("PGSERVICE"));
    enum grove_code code = GROVE_OK;
    if (keywords.length == 0)
        strbuf_add(out, "postgresql:///");
    else
        code = conninfo_add_url(keywords.data, out, error);
    out->failed |= keywords.failed;
    strbuf_release(&keywords);
    return code;
}

static void add_encoded(struct strbuf *out, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "-._~";
    for (; *text; text++)
        if (strchr(plain, *text))
            strbuf_add_char(out, *text);
        else
            strbuf_addf(out, "%%%02X", (unsigned char)*text);
}

static void add_parameter(struct strbuf *out, const char *separator, struct text name,
                          struct text value)
{
    strbuf_add(out, separator);
    strbuf_add_text(out, name);
    strbuf_add_char(out, '=');
    strbuf_add_text(out, value);
}

// --- JDBC ---------------------------------------------------------------------------------------

// A URL of libpq's, in its parts, encoded as they were.
struct url_parts {
    struct text user, host, port, database, parameters;
};

// "user@host:port/database?parameters" behind the scheme. A host in brackets is an IPv6 address.
static struct url_parts read_parts(struct text rest)
{
    struct url_parts parts = {0};
    struct text before, head;
    struct text path = rest;
    const char *question = memchr(rest.data, '?', rest.length);
    if (question) {
        path.length = (size_t)(question - rest.data);
        parts.parameters = (struct text){question + 1, rest.length - path.length - 1};
    }
    bool has_slash = memchr(path.data, '/', path.length) != NULL;
    head = path;
    if (has_slash) {
        (void)text_split(&path, '/', &head);
        parts.database = path;
    }
    if (memchr(head.data, '@', head.length)) {
        (void)text_split(&head, '@', &before);
        parts.user = before;
    }
    size_t host_length = head.length;
    const char *bracket = memchr(head.data, ']', head.length);
    const char *from = bracket ? bracket : head.data;
    const char *colon = memchr(from, ':', head.length - (size_t)(from - head.data));
    if (colon) {
        host_length = (size_t)(colon - head.data);
        parts.port = (struct text){colon + 1, head.length - host_length - 1};
    }
    parts.host = (struct text){head.data, host_length};
    return parts;
}

static bool is_socket(struct text host)
{
    return host.length == 0 || host.data[0] == '/' || host.data[0] == '@' ||
           text_starts_with(host, "%2F") || text_starts_with(host, "%2f") ||
           text_starts_with(host, "%40");
}

// What the driver calls otherwise, or alike. NULL: it has nothing of the kind.
static const char *jdbc_name(struct text name)
{
    static const char *const names[][2] = {
        {"sslmode", "sslmode"},
        {"sslcert", "sslcert"},
        {"sslkey", "sslkey"},
        {"sslrootcert", "sslrootcert"},
        {"options", "options"},
        {"application_name", "ApplicationName"},
        {"connect_timeout", "connectTimeout"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (text_equal(name, text_of(names[i][0])))
            return names[i][1];
    return NULL;
}

static enum grove_code refuse_socket(struct grove_error *error)
{
    error_set(error, GROVE_UNSUPPORTED, "the database is at a Unix socket, which JDBC cannot use");
    error_hint(error, "for JDBC use a server of your own that listens on a port: DATABASE_URL");
    return GROVE_UNSUPPORTED;
}

// Takes those that have a place of their own out of the parameters; the others are added to *more.
static enum grove_code sort_parameters(struct url_parts *parts, struct strbuf *more,
                                       struct grove_error *error)
{
    struct text rest = parts->parameters, parameter, name;
    while (rest.length > 0 && text_split(&rest, '&', &parameter)) {
        struct text value = parameter;
        (void)text_split(&value, '=', &name);
        struct text *own = text_equal(name, text_of("host"))       ? &parts->host
                           : text_equal(name, text_of("hostaddr")) ? &parts->host
                           : text_equal(name, text_of("port"))     ? &parts->port
                           : text_equal(name, text_of("user"))     ? &parts->user
                           : text_equal(name, text_of("dbname"))   ? &parts->database
                                                                   : NULL;
        const char *known = jdbc_name(name);
        if (own)
            *own = value;
        else if (known)
            add_parameter(more, "&", text_of(known), value);
        else
            return error_set(error, GROVE_UNSUPPORTED,
                             "JDBC has nothing for the parameter \"%.*s\"",
                             (int)(name.length < 100 ? name.length : 100), name.data);
    }
    return GROVE_OK;
}

static enum grove_code add_jdbc(const char *url, const char *password, struct strbuf *out,
                                struct grove_error *error)
{
    struct strbuf more;
    struct url_parts parts = read_parts(text_of(strstr(url, "://") + 3));
    strbuf_init(&more, URL_BYTES_MAX);
    enum grove_code code = sort_parameters(&parts, &more, error);
    if (code == GROVE_OK && is_socket(parts.host))
        code = refuse_socket(error);
    if (code == GROVE_OK) {
        strbuf_add(out, "jdbc:postgresql://");
        strbuf_add_text(out, parts.host);
        if (parts.port.length > 0)
            strbuf_addf(out, ":%.*s", TEXT_ARGS(parts.port));
        strbuf_add_char(out, '/');
        strbuf_add_text(out, parts.database);
        const char *separator = "?";
        if (parts.user.length > 0) {
            add_parameter(out, separator, text_of("user"), parts.user);
            separator = "&";
        }
        if (password) {
            strbuf_addf(out, "%spassword=", separator);
            add_encoded(out, password);
            separator = "&";
        }
        if (more.length > 0)
            strbuf_addf(out, "%s%s", separator, more.data + 1);
        out->failed |= more.failed;
    }
    strbuf_release(&more);
    return code;
}

// --- all of them --------------------------------------------------------------------------------

// As a parameter: there it may stand whether the URL names a user or not.
static void add_with_password(struct strbuf *out, const char *url, const char *password)
{
    strbuf_add(out, url);
    if (!password)
        return;
    strbuf_addf(out, "%spassword=", strchr(url, '?') ? "&" : "?");
    add_encoded(out, password);
}

enum grove_code url_add(const char *rest, const char *password, enum url_form form,
                        struct strbuf *url, struct grove_error *error)
{
    struct strbuf plain;
    strbuf_init(&plain, URL_BYTES_MAX);
    enum grove_code code = add_libpq_url(rest, &plain, error);
    if (code == GROVE_OK && plain.failed)
        code = error_no_memory(error, "a URL");
    if (code == GROVE_OK && form == URL_JDBC) {
        code = add_jdbc(plain.data, password, url, error);
    } else if (code == GROVE_OK) {
        bool driver = form == URL_SQLALCHEMY;
        const char *behind = strstr(plain.data, "://");
        CHECK(behind);
        if (driver)
            strbuf_add(url, "postgresql+psycopg");
        add_with_password(url, driver ? behind : plain.data, password);
    }
    strbuf_release(&plain);
    return code;
}
