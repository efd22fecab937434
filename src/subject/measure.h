// SPDX-License-Identifier: Apache-2.0
//
// What a change means for a database, measured on it. Changes nothing.
#ifndef GROVE_SUBJECT_MEASURE_H
#define GROVE_SUBJECT_MEASURE_H

#include "catalog/store.h"
#include "grove/subject.h"

// The median time of a query across all subjects, in milliseconds. NaN: the engine does not answer,
// or nothing is there to be found.
double measure_discover(struct store *store, struct call *call);

enum grove_code measure_impact(struct store *store, struct call *call,
                               struct grove_subject_impact *ret, struct grove_error *error);

#endif
