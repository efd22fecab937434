// SPDX-License-Identifier: Apache-2.0
//
// The steps of a change, and their SQL: the one source of what is executed, of what a dry run shows
// and of the scripts for review.
//
//     struct strbuf sql;
//     strbuf_init(&sql, PHASE_SQL_MAX);
//     phase_add_sql(&sql, PHASE_EXTEND, &names);
//     if (sql.failed)
//         code = error_no_memory(error, "a phase");
//
// Threads: everything here is constant.
#ifndef GROVE_SUBJECT_PHASE_H
#define GROVE_SUBJECT_PHASE_H

#include "base/strbuf.h"
#include "base/text.h"

enum phase {
    PHASE_TABLE,
    PHASE_EXTEND,
    PHASE_VALIDATE,
    PHASE_ENTER,
    PHASE_SETTLE,
    PHASE_FORBID,
    PHASE_EMPTY,
    PHASE_LEAVE,
    PHASE_UNDO,
    PHASE_KEEP,
    PHASE_RENAME,
    PHASE_NONE, // nothing is left to do
};
enum { PHASE_COUNT = PHASE_NONE };

// For so long a lock is asked for that others could wait behind, and for so long one that keeps out
// no reader or writer.
enum { PHASE_BRIEF_MS = 10, PHASE_PATIENT_MS = 5000, PHASE_SQL_MAX = 1 << 20 };

// "grove" as a number, plus one: migrations have the other. Also in subject_holders.sql, in halves.
#define PHASE_LOCK_KEY "7454108920"

// What stands for the templates' %{...}. `stem` is the table's name without "_hierarchy"; all of
// them are safe to stand in SQL as they are.
struct phase_names {
    struct text stem;
    struct text table;
    struct text tables; // of the CHECK to be: literals with commas between
    struct text new_name;
};

const char *phase_name(enum phase phase);
const char *phase_locks(enum phase phase); // what it locks, and who waits for it

// All that its transaction does, without BEGIN and COMMIT.
void phase_add_sql(struct strbuf *out, enum phase phase, const struct phase_names *names);

// A template of sql/subject with its names put in, without the licence's line.
void phase_add_template(struct strbuf *out, const char *file, const struct phase_names *names);

#endif
