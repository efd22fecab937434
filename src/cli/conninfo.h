// SPDX-License-Identifier: Apache-2.0
//
// Taking the password out of a libpq connection string, so that the rest may stand in a command
// line, which every user of the machine can read.
//
//     code = conninfo_split(text, &rest, &password, error);     // both initialised, appended to
//
// Understands both of libpq's forms: "postgresql://user:secret@host/db?password=..." and
// "host=... password='...'". Malformed strings are GROVE_INVALID; messages never quote them.
// A client key's password (sslpassword) is GROVE_UNSUPPORTED: no environment variable takes it.
#ifndef GROVE_CLI_CONNINFO_H
#define GROVE_CLI_CONNINFO_H

#include "base/error.h"
#include "base/strbuf.h"

enum grove_code conninfo_split(const char *conninfo, struct strbuf *rest, struct strbuf *password,
                               struct grove_error *error);

// Appends a connection string as a URL, which more clients read than keywords. What is a URL
// already, the name of a database, or empty, is appended as it is. Has no password where the string
// has none: conninfo_split goes first.
enum grove_code conninfo_add_url(const char *conninfo, struct strbuf *url,
                                 struct grove_error *error);

#endif
