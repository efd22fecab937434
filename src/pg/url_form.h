// SPDX-License-Identifier: Apache-2.0
//
// Connection strings of other programs' making. A variable DATABASE_URL is often there already, for
// SQLAlchemy, Prisma or JDBC, and each of them has a form that libpq does not read.
#ifndef GROVE_PG_URL_FORM_H
#define GROVE_PG_URL_FORM_H

#include <stdbool.h>

#include "base/error.h"

// Of a string that libpq refuses. Where its form is a known one, or libpq knows all but some of its
// parameters, gives *error a hint that names the form, and the URL to write instead, in which
// PASSWORD stands for the password; true then. False: nothing is known of it.
bool url_form_hint(const char *conninfo, struct grove_error *error);

#endif
