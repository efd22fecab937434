// SPDX-License-Identifier: Apache-2.0
//
// The database's address as other clients want it, made of a libpq connection string.
//
//     code = url_add(rest, with_password ? password : NULL, URL_JDBC, &url, error);
//
// `rest` is what conninfo_split leaves, without a password. A name alone, or nothing, is completed
// from the variables PGHOST, PGPORT, PGUSER, PGDATABASE and PGSERVICE, as libpq would.
#ifndef GROVE_CLI_URL_H
#define GROVE_CLI_URL_H

#include "base/error.h"
#include "base/strbuf.h"

// In the order of URL_WORDS.
enum url_form {
    URL_PSQL,       // libpq's own, and of most that are written on top of it
    URL_PYTHON,     // psycopg takes the same
    URL_SQLALCHEMY, // with the name of the driver
    URL_JDBC,
};

// GROVE_UNSUPPORTED: the client has no way to say it, such as a Unix socket to JDBC.
enum grove_code url_add(const char *rest, const char *password, enum url_form form,
                        struct strbuf *url, struct grove_error *error);

#endif
