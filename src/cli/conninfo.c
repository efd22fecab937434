// SPDX-License-Identifier: Apache-2.0
#include "cli/conninfo.h"

#include <string.h>

static enum grove_code malformed(struct grove_error *error, const char *reason)
{
    error_set(error, GROVE_INVALID, "the database's connection string is malformed: %s", reason);
    error_hint(error, "see DATABASE_URL; characters like @ : / %% in a password of a URL are "
                      "written as %%40 %%3A %%2F %%25");
    return GROVE_INVALID;
}

static enum grove_code refuse_sslpassword(struct grove_error *error)
{
    error_set(error, GROVE_UNSUPPORTED, "psql cannot be given an sslpassword safely");
    error_hint(error, "run psql yourself, or use a client key without a password");
    return GROVE_UNSUPPORTED;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool add_percent_decoded(struct strbuf *out, struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] != '%') {
            strbuf_add_char(out, text.data[i]);
            continue;
        }
        int high = i + 2 < text.length ? hex_digit(text.data[i + 1]) : -1;
        int low = i + 2 < text.length ? hex_digit(text.data[i + 2]) : -1;
        if (high < 0 || low < 0 || high + low == 0)
            return false;
        strbuf_add_char(out, (char)(high * 16 + low));
        i += 2;
    }
    return true;
}

// The part behind "?": everything but the password stays.
static enum grove_code split_parameters(struct text parameters, struct strbuf *rest,
                                        struct strbuf *password, struct grove_error *error)
{
    struct text parameter;
    char separator = '?';
    while (text_split(&parameters, '&', &parameter)) {
        struct text value = parameter, name;
        struct strbuf key;
        strbuf_init(&key, 256);
        bool well = text_split(&value, '=', &name) && add_percent_decoded(&key, name);
        bool is_password = well && strcmp(key.data, "password") == 0;
        bool is_sslpassword = well && strcmp(key.data, "sslpassword") == 0;
        strbuf_release(&key);
        if (is_sslpassword)
            return refuse_sslpassword(error);
        if (!well)
            return malformed(error, "a parameter's name");
        if (is_password) {
            strbuf_clear(password);
            if (!add_percent_decoded(password, value))
                return malformed(error, "a % that is no %XX");
            continue;
        }
        strbuf_add_char(rest, separator);
        strbuf_add_text(rest, parameter);
        separator = '&';
    }
    return GROVE_OK;
}

static enum grove_code split_url(const char *url, size_t scheme_length, struct strbuf *rest,
                                 struct strbuf *password, struct grove_error *error)
{
    const char *start = url + scheme_length;
    const char *host = start;
    strbuf_add_bytes(rest, url, scheme_length);
    // As libpq does: user and password end at the first "@" if no "/" comes before it.
    size_t length = strcspn(start, "@/");
    if (start[length] == '@') {
        const char *colon = memchr(start, ':', length);
        host = start + length + 1;
        strbuf_add_bytes(rest, start, colon ? (size_t)(colon - start) : length);
        strbuf_add_char(rest, '@');
        if (colon && !add_percent_decoded(
                         password, (struct text){colon + 1, length - (size_t)(colon + 1 - start)}))
            return malformed(error, "a % that is no %XX");
    }
    const char *question = strchr(host, '?');
    strbuf_add_bytes(rest, host, question ? (size_t)(question - host) : strlen(host));
    return question ? split_parameters(text_of(question + 1), rest, password, error) : GROVE_OK;
}

// --- keyword = value -----------------------------------------------------------------------------

static const char *skip_spaces(const char *at)
{
    return at + strspn(at, " \t\n\r\f\v");
}

// Appends the value as it is meant and returns where it ends; NULL: a quote is not closed.
static const char *read_value(const char *at, struct strbuf *value)
{
    bool quoted = *at == '\'';
    at += quoted;
    while (*at && (quoted ? *at != '\'' : !strchr(" \t\n\r\f\v", *at))) {
        if (*at == '\\' && at[1])
            at++;
        strbuf_add_char(value, *at++);
    }
    if (!quoted)
        return at;
    return *at == '\'' ? at + 1 : NULL;
}

static enum grove_code split_keywords(const char *at, struct strbuf *rest, struct strbuf *password,
                                      struct strbuf *value, struct grove_error *error)
{
    while (*(at = skip_spaces(at))) {
        const char *start = at;
        size_t length = strcspn(at, "= \t\n\r\f\v");
        at = skip_spaces(at + length);
        if (length == 0 || *at != '=')
            return malformed(error, "a name without \"=\"");
        strbuf_clear(value);
        at = read_value(skip_spaces(at + 1), value);
        if (!at)
            return malformed(error, "a quote that is not closed");
        struct text name = {start, length};
        if (text_equal(name, text_of("sslpassword")))
            return refuse_sslpassword(error);
        if (text_equal(name, text_of("password"))) {
            strbuf_clear(password);
            strbuf_add_text(password, strbuf_text(value));
            continue;
        }
        strbuf_add(rest, rest->length ? " " : "");
        strbuf_add_bytes(rest, start, (size_t)(at - start));
    }
    return GROVE_OK;
}

enum grove_code conninfo_split(const char *conninfo, struct strbuf *rest, struct strbuf *password,
                               struct grove_error *error)
{
    static const char *const schemes[] = {"postgresql://", "postgres://"};
    enum grove_code code = GROVE_OK;
    for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
        if (!text_starts_with(text_of(conninfo), schemes[i]))
            continue;
        code = split_url(conninfo, strlen(schemes[i]), rest, password, error);
        return code == GROVE_OK && (rest->failed || password->failed)
                   ? error_no_memory(error, "the connection string")
                   : code;
    }
    if (!strchr(conninfo, '=')) {
        strbuf_add(rest, conninfo); // a database's name
    } else {
        struct strbuf value;
        strbuf_init(&value, strlen(conninfo) + 64);
        code = split_keywords(conninfo, rest, password, &value, error);
        if (value.failed)
            rest->failed = true;
        // It may have held the password.
        strbuf_wipe(&value);
    }
    if (code == GROVE_OK && (rest->failed || password->failed))
        return error_no_memory(error, "the connection string");
    return code;
}

// --- as a URL ------------------------------------------------------------------------------------

// A slash is plain behind the "?" only.
static void add_percent_encoded(struct strbuf *out, struct text text, bool is_parameter)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "-._~";
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] && (strchr(plain, text.data[i]) || (is_parameter && text.data[i] == '/')))
            strbuf_add_char(out, text.data[i]);
        else
            strbuf_addf(out, "%%%02X", (unsigned char)text.data[i]);
}

struct url_parts {
    struct strbuf user, database, parameters, value;
};

static enum grove_code read_parts(const char *at, struct url_parts *parts,
                                  struct grove_error *error)
{
    while (*(at = skip_spaces(at))) {
        struct text name = {at, strcspn(at, "= \t\n\r\f\v")};
        at = skip_spaces(at + name.length);
        if (name.length == 0 || *at != '=')
            return malformed(error, "a name without \"=\"");
        strbuf_clear(&parts->value);
        at = read_value(skip_spaces(at + 1), &parts->value);
        if (!at)
            return malformed(error, "a quote that is not closed");
        struct strbuf *part = text_equal(name, text_of("user"))     ? &parts->user
                              : text_equal(name, text_of("dbname")) ? &parts->database
                                                                    : NULL;
        if (part) {
            strbuf_clear(part);
            add_percent_encoded(part, strbuf_text(&parts->value), false);
            continue;
        }
        strbuf_add_char(&parts->parameters, parts->parameters.length ? '&' : '?');
        strbuf_add_text(&parts->parameters, name);
        strbuf_add_char(&parts->parameters, '=');
        add_percent_encoded(&parts->parameters, strbuf_text(&parts->value), true);
    }
    return GROVE_OK;
}

enum grove_code conninfo_add_url(const char *conninfo, struct strbuf *url,
                                 struct grove_error *error)
{
    if (strstr(conninfo, "://") || !strchr(conninfo, '=')) {
        strbuf_add(url, conninfo);
        return GROVE_OK;
    }
    struct url_parts parts;
    size_t bytes_max = strlen(conninfo) * 4 + 64;
    strbuf_init(&parts.user, bytes_max);
    strbuf_init(&parts.database, bytes_max);
    strbuf_init(&parts.parameters, bytes_max);
    strbuf_init(&parts.value, bytes_max);
    enum grove_code code = read_parts(conninfo, &parts, error);
    strbuf_addf(url, "postgresql://%s%s/%s%s", parts.user.data, parts.user.length ? "@" : "",
                parts.database.data, parts.parameters.data);
    url->failed |=
        parts.user.failed | parts.database.failed | parts.parameters.failed | parts.value.failed;
    strbuf_release(&parts.user);
    strbuf_release(&parts.database);
    strbuf_release(&parts.parameters);
    strbuf_release(&parts.value);
    return code;
}
