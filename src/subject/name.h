// SPDX-License-Identifier: Apache-2.0
//
// What a subject may be called. Its name begins paths, and becomes part of the names of a table, a
// constraint, a sequence and indexes, which are never quoted anywhere.
#ifndef GROVE_SUBJECT_NAME_H
#define GROVE_SUBJECT_NAME_H

#include <stdbool.h>

#include "base/error.h"

// GROVE_INVALID: it is no name, too long, or kept for others. NULL is none.
enum grove_code name_check(const char *name, struct grove_error *error);

// Of a table that may stand in SQL unquoted: of a registered subject that a hand has made it may
// not. GROVE_UNSUPPORTED.
enum grove_code name_check_table(const char *table, struct grove_error *error);

// One of the specification's nine tables.
bool name_is_specified(const char *table);

// The nine, as literals with commas between and a place for another behind them.
#define NAME_SPECIFIED_TABLES                                                                      \
    "'religion_hierarchy', 'subject1_hierarchy', 'subject2_hierarchy', 'subject3_hierarchy', "     \
    "'subject4_hierarchy', 'subject5_hierarchy', 'subject6_hierarchy', 'subject7_hierarchy', "     \
    "'subject8_hierarchy'"

#endif
