// SPDX-License-Identifier: Apache-2.0
//
// Adding, removing, renaming and checking subjects on a database that is in use. grove/subject.h
// tells what the calls promise, README.md how.
#ifndef GROVE_SUBJECT_SUBJECT_H
#define GROVE_SUBJECT_SUBJECT_H

#include "catalog/store.h"
#include "grove/subject.h"

// A report, and what its members point to.
struct subject_report {
    struct grove_subject_report report;
    struct grove_load_progress sample;
};

enum grove_code subject_add(struct store *store, struct call *call,
                            const struct grove_subject_request *request, struct subject_report *ret,
                            struct grove_error *error);
enum grove_code subject_remove(struct store *store, struct call *call,
                               const struct grove_subject_request *request,
                               struct subject_report *ret, struct grove_error *error);
enum grove_code subject_rename(struct store *store, struct call *call,
                               const struct grove_subject_request *request,
                               struct subject_report *ret, struct grove_error *error);

enum grove_code subject_list(struct store *store, struct call *call, struct grove_subjects **ret,
                             struct grove_error *error);

enum grove_code subject_validate(struct store *store, struct call *call, const char *name,
                                 void (*on_finding)(void *state,
                                                    const struct grove_finding *finding),
                                 void *state, struct grove_error *error);

// In memory of mem_alloc.
enum grove_code subject_script(enum grove_subject_script script, const char *name, char **ret,
                               struct grove_error *error);

#endif
