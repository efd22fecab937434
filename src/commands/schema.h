// SPDX-License-Identifier: Apache-2.0
//
// The JSON of grove_call as a JSON Schema, made of the table of commands and of the shapes.
//
//     schema_add(&out);
//
// Errors: running out of memory marks *out as failed. Threads: any.
#ifndef GROVE_COMMANDS_SCHEMA_H
#define GROVE_COMMANDS_SCHEMA_H

#include "base/strbuf.h"

void schema_add(struct strbuf *out);

#endif
