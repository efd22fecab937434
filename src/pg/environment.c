// SPDX-License-Identifier: Apache-2.0
#include "pg/environment.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/descriptor.h"
#include "base/text.h"

// An empty value says that there is none, but for keywords that must have one. Most tell by
// themselves what libpq takes without their variable.
static const struct {
    const char *keyword, *value;
} values[] = {
    {"connect_timeout", "0"}, {"sslcertmode", "disable"}, // there is no TLS on a Unix socket
};

static const char *const left_out[] = {"host",   "hostaddr", "port",    "user",
                                       "dbname", "sslmode",  "service", "application_name"};

static bool is_left_out(const char *keyword)
{
    for (size_t i = 0; i < ARRAY_COUNT(left_out); i++)
        if (strcmp(keyword, left_out[i]) == 0)
            return true;
    return false;
}

static const char *value_without_variable(const PQconninfoOption *option)
{
    for (size_t i = 0; i < ARRAY_COUNT(values); i++)
        if (strcmp(option->keyword, values[i].keyword) == 0)
            return values[i].value;
    return option->compiled ? option->compiled : "";
}

PQconninfoOption *pg_defaults(void)
{
    descriptor_hold_standard();
    PQconninfoOption *options = PQconndefaults();
    descriptor_let_standard_go();
    return options;
}

void pg_add_deafness(struct strbuf *conninfo)
{
    PQconninfoOption *options = pg_defaults();
    if (!options) {
        conninfo->failed = true;
        return;
    }
    for (const PQconninfoOption *o = options; o->keyword; o++) {
        if (!o->envvar || !getenv(o->envvar) || is_left_out(o->keyword))
            continue;
        const char *value = value_without_variable(o);
        CHECK(!strpbrk(value, "'\\")); // libpq's own words
        strbuf_addf(conninfo, " %s='%s'", o->keyword, value);
    }
    PQconninfoFree(options);
}
