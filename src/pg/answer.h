// SPDX-License-Identifier: Apache-2.0
//
// What a statement says of the rows that it answers with, in the comment at the head of its text:
//
//     -- answers: integer, text, bigint,
//     --          timestamp
//     SELECT m.id, m.title, s.revision, m.created_at ...
//
// The kinds are those that the functions of pg.h read. A table may have been altered by hand: a
// column that has become of another kind is then told when the answer arrives (GROVE_UNSUPPORTED),
// so that no reader of rows meets it. The list goes on in the next line after a comma.
#ifndef GROVE_PG_ANSWER_H
#define GROVE_PG_ANSWER_H

#include <libpq-fe.h>

#include "base/error.h"

enum { PG_COLUMNS_MAX = 32 };

struct pg_answer {
    int count; // -1: the statement does not say
    unsigned char kinds[PG_COLUMNS_MAX];
};

// A kind that there is not, or too many of them, is a bug (CHECK).
void pg_answer_read(const char *sql, struct pg_answer *ret);

// The first column that is not as was said, or -1.
int pg_answer_misfit(const struct pg_answer *answer, const PGresult *result);

const char *pg_answer_kind_name(const struct pg_answer *answer, int column);

#endif
