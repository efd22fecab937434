// SPDX-License-Identifier: Apache-2.0
//
// What the projectors of a store did goes into grove.projector, for status: notes.md.
//
//     notes_save(store);    // whoever knows that no step follows soon
//     notes_end(store);     // the last, before the store is released
//
// projector_step and its like note by themselves. Nothing depends on it: it waits for
// nobody, takes a connection that is idle or none, and what fails of it fails nothing else.
// Threads: any; but notes_end comes when all others are done.
#ifndef GROVE_SYNC_NOTES_H
#define GROVE_SYNC_NOTES_H

#include "catalog/store.h"

// "resident", "sync", ...
const char *notes_kind_name(enum projector_kind kind);

// The oldest schema that has the table.
enum { NOTES_FIRST_SCHEMA = 35 };

// In so many seconds the weight of what was projected falls to 1/e.
#define NOTES_RATE_SECONDS 60.0

// Points a second when it last worked: an average over the time since the beginning, weighted so.
double notes_rate(const struct store_note *note);

// What was not saved yet, now, however short ago something was.
void notes_save(struct store *store);

// The same, and that this was the end.
void notes_end(struct store *store);

#endif
