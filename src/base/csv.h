// SPDX-License-Identifier: Apache-2.0
//
// Fields of CSV, as PostgreSQL reads and writes them: a null is nothing, an empty text is "".
#ifndef GROVE_BASE_CSV_H
#define GROVE_BASE_CSV_H

#include "base/strbuf.h"
#include "base/text.h"

// {NULL, 0} is null. Quoted where a reader could take it for something else, spaces at an end
// included.
void csv_add(struct strbuf *out, struct text field);

#endif
