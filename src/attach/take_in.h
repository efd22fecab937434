// SPDX-License-Identifier: Apache-2.0
//
// Rows of attached tables become documents: those whose keys were noted by writers, and with `fill`
// those that were there before. sql/attach.md tells the whole.
//
//     struct take_in_report report = {0};
//     do
//         code = take_in(store, call, &(struct take_in_options){.fill = true}, &report, error);
//     while (code == GROVE_OK && !report.idle && !report.busy);
//
// Any number of processes may do so at once: one at a time does, others are told that it is busy.
#ifndef GROVE_ATTACH_TAKE_IN_H
#define GROVE_ATTACH_TAKE_IN_H

#include "catalog/store.h"

enum { TAKE_IN_ROWS_MAX = 256 };

struct take_in_options {
    bool fill;
    int32_t only; // this attachment's filling; 0: any
};

// Sums over calls, but for the first two.
struct take_in_report {
    bool idle; // nothing was to be done
    bool busy; // another is at it
    int64_t rows;
    int64_t inserted;
    int64_t updated;
    int64_t unchanged;
    int64_t removed; // documents whose rows are gone, or not wanted any more
    int64_t refused;
    int64_t leaves_created;
};

// Up to TAKE_IN_ROWS_MAX keys, in a transaction or some. A row that cannot be a content is noted in
// grove.attached_refused; what keeps a whole table from being read in grove.attached. Neither is an
// error.
enum grove_code take_in(struct store *store, struct call *call,
                        const struct take_in_options *options, struct take_in_report *report,
                        struct grove_error *error);

// Has what was refused read once more, and tables that could not be read tried at once.
enum grove_code take_in_retry(struct store *store, struct call *call, struct grove_error *error);

// For store->take_in: what projectors do between their steps.
enum grove_code take_in_step(struct store *store, struct call *call, bool *ret_idle,
                             struct grove_error *error);

#endif
