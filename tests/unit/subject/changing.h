// SPDX-License-Identifier: Apache-2.0
//
// What the tests of changes of subjects share.
#ifndef GROVE_TESTS_UNIT_CHANGING_H
#define GROVE_TESTS_UNIT_CHANGING_H

#include "../../support/stores.h"

#include "subject/subject.h"

// A change without options, on the test's stores.
enum grove_code add(struct test_stores *stores, const char *name, struct grove_error *error);
enum grove_code take(struct test_stores *stores, const char *name, bool with_contents,
                     struct grove_error *error);

// Puts a leaf and a content on a subject's table. GROVE_OK where it may.
enum grove_code write_content(struct test_stores *stores, const char *table,
                              struct grove_error *error);

// As it was before the first change: without "science", whatever a test made of it.
void reset_schema(struct test_stores *stores);

// All that a change could leave: tables, constraints, triggers, subjects, as a text.
const char *schema_digest(struct test_stores *stores);

// At every moment: contents have a CHECK that is validated, and take contents of the subjects that
// there are and of no others. NULL, or what is broken.
const char *broken_rule(struct test_stores *stores);

#endif
