// SPDX-License-Identifier: Apache-2.0
#include "pg/url_form.h"

#include <libpq-fe.h>
#include <string.h>

#include "base/check.h"
#include "base/strbuf.h"
#include "pg/environment.h"

enum { URL_BYTES_MAX = 512, NAME_BYTES_MAX = 64 };

struct url {
    const char *form;              // whose it is, for a message
    struct text user, host, path;  // host with its port; path with its slash
    struct text parameters;        // behind "?"
    struct text unknown_parameter; // the first that libpq has not
    bool has_password;
};

// Parameters of its own, besides some that libpq has, too.
static const struct {
    const char *name, *form;
} owners[] = {
    {"schema", "Prisma's"},       {"connection_limit", "Prisma's"}, {"pgbouncer", "Prisma's"},
    {"pool_timeout", "Prisma's"}, {"currentSchema", "JDBC's"},      {"prepareThreshold", "JDBC's"},
};

static bool is_password(struct text name)
{
    CHECK(name.data);
    return text_equal(name, text_of("password")) || text_equal(name, text_of("sslpassword"));
}

static bool libpq_knows(struct text name)
{
    CHECK(name.data);
    PQconninfoOption *known = pg_defaults();
    bool found = text_equal(name, text_of("ssl")); // read as sslmode=require
    for (PQconninfoOption *each = known; each && each->keyword && !found; each++)
        found = text_equal(name, text_of(each->keyword));
    PQconninfoFree(known);
    return found;
}

// Moves *at behind the scheme and tells whose form that is; NULL: no URL of PostgreSQL's.
static const char *take_scheme(const char **at)
{
    const char *form = "";
    if (strncmp(*at, "jdbc:", 5) == 0) {
        form = "JDBC's";
        *at += 5;
    }
    const char *end = strstr(*at, "://");
    struct text scheme = {*at, end ? (size_t)(end - *at) : 0}, name;
    if (!end || !text_split(&scheme, '+', &name) ||
        !(text_equal(name, text_of("postgresql")) || text_equal(name, text_of("postgres"))))
        return NULL;
    CHECK(end > *at);
    *at = end + 3;
    return scheme.data ? "SQLAlchemy's, which names a driver" : form;
}

// False where an "@" more than there should be makes it unclear which part is the password.
static bool take_authority(const char **at, struct url *url)
{
    size_t length = strcspn(*at, "/?");
    struct text authority = {*at, length}, user;
    *at += length;
    const char *sign = length ? memchr(authority.data, '@', length) : NULL;
    if (strchr(*at, '@') ||
        (sign && memchr(sign + 1, '@', length - (size_t)(sign + 1 - authority.data))))
        return false;
    url->host = authority;
    if (!sign)
        return true;
    text_split(&url->host, '@', &user);
    CHECK(user.length < authority.length);
    CHECK(url->host.length < authority.length);
    url->has_password = memchr(user.data, ':', user.length) != NULL;
    text_split(&user, ':', &url->user);
    return true;
}

static void look_at_parameters(struct url *url)
{
    struct text rest = url->parameters, part;
    CHECK(url->form);
    CHECK(!url->unknown_parameter.data);
    while (rest.length > 0 && text_split(&rest, '&', &part)) {
        struct text name;
        text_split(&part, '=', &name);
        url->has_password |= text_equal(name, text_of("password"));
        // With a colon in it it would be read as a user and a password.
        if (text_equal(name, text_of("user")) && url->user.length == 0 && part.length > 0 &&
            !memchr(part.data, ':', part.length))
            url->user = part;
        for (size_t i = 0; i < ARRAY_COUNT(owners) && !url->form[0]; i++)
            if (text_equal(name, text_of(owners[i].name)))
                url->form = owners[i].form;
        if (!url->unknown_parameter.data && !libpq_knows(name))
            url->unknown_parameter = name;
    }
}

static bool read_url(const char *conninfo, struct url *ret)
{
    *ret = (struct url){.form = take_scheme(&conninfo)};
    if (!ret->form || !take_authority(&conninfo, ret))
        return false;
    CHECK(*conninfo == '\0' || *conninfo == '/' || *conninfo == '?');
    size_t length = strcspn(conninfo, "?");
    ret->path = (struct text){conninfo, length};
    if (conninfo[length] == '?')
        ret->parameters = text_of(conninfo + length + 1);
    look_at_parameters(ret);
    return ret->form[0] || ret->unknown_parameter.data;
}

// As libpq reads it, without what it does not know and without what must not be shown.
static void add_url(struct strbuf *out, const struct url *url)
{
    struct text rest = url->parameters, part;
    char separator = '?';
    CHECK(out->length == 0);
    CHECK(url->form);
    strbuf_add(out, "postgresql://");
    strbuf_add_text(out, url->user);
    strbuf_add(out, url->has_password ? ":PASSWORD@" : url->user.length ? "@" : "");
    strbuf_add_text(out, url->host);
    strbuf_add_text(out, url->path);
    while (rest.length > 0 && text_split(&rest, '&', &part)) {
        struct text value = part, name;
        text_split(&value, '=', &name);
        if (is_password(name) || text_equal(name, text_of("user")) || !libpq_knows(name))
            continue;
        strbuf_add_char(out, separator);
        strbuf_add_text(out, part);
        separator = '&';
    }
}

bool url_form_hint(const char *conninfo, struct grove_error *error)
{
    struct url url;
    struct strbuf plain;
    CHECK(conninfo);
    if (!read_url(conninfo, &url))
        return false;
    CHECK(error->code != GROVE_OK);
    strbuf_init(&plain, URL_BYTES_MAX);
    add_url(&plain, &url);
    bool known = !plain.failed;
    CHECK(url.form[0] || url.unknown_parameter.data);
    if (known && url.form[0])
        error_hint(error, "its form is %s; PostgreSQL's own is %s", url.form, plain.data);
    else if (known)
        error_hint(error, "PostgreSQL has no parameter \"%.*s\"; without it: %s",
                   (int)(url.unknown_parameter.length < NAME_BYTES_MAX
                             ? url.unknown_parameter.length
                             : NAME_BYTES_MAX),
                   url.unknown_parameter.data, plain.data);
    strbuf_release(&plain);
    return known;
}
