// SPDX-License-Identifier: Apache-2.0
//
// Whose projection the collection is, and whether it is that of the database as it is now. What is
// compared with what, what each difference means, and what is done: lineage.md.
//
//     code = lineage_check(store, call, error);          // another's: GROVE_CONFLICT
//     struct lineage_comparison compared = {0};
//     code = lineage_settle(store, call, &compared, &settled, error);   // where there is doubt
//
// Threads, processes: any number may do either at once.
#ifndef GROVE_SYNC_LINEAGE_H
#define GROVE_SYNC_LINEAGE_H

#include "catalog/store.h"

// Whether the collection is the projection of this database; marks one that nobody has marked and
// that is empty, or holds what this database has. What has happened to either store is noted, as a
// doubt (store_is_doubted): searches do without the engine, and nothing is projected, until
// lineage_settle has compared. Asks nothing where it was answered within the last second.
//
// GROVE_CONFLICT: it is another's. Where there is no collection, as every call of the engine
// (vector_lacks_collection).
enum { LINEAGE_AGE_MS = 1000 };
#define LINEAGE_WAYS_OUT                                                                           \
    "name another collection in GROVE_COLLECTION; or, where nobody else needs what is in this "    \
    "one, "                                                                                        \
    "\"grove init --take-collection\""
enum grove_code lineage_check(struct store *store, struct call *call, struct grove_error *error);

// The same for who only asks: once answered it is asked again every now and then, by one at a time.
// Who may not note what has happened does without the engine until another has (store_is_doubted).
// GROVE_UNAVAILABLE, as a failure of the engine: the database is projected to another collection.
enum { LINEAGE_LOOK_MS = 5000 };
enum grove_code lineage_look(struct store *store, struct call *call, struct grove_error *error);

// The collection of this database in an engine that is private, where nobody names one; notes first
// what has happened to the database, unless it `only_looks`.
enum grove_code lineage_choose(struct store *store, struct call *call, bool only_looks,
                               struct text *ret, struct arena *arena, struct grove_error *error);

// For people: notes nothing, and changes nothing.
struct lineage_report {
    char identity[VECTOR_IDENTITY_SIZE];
    int64_t epoch;
    char owner[VECTOR_IDENTITY_SIZE]; // of the collection, where lineage_check refuses it; else ""
    bool elsewhere;                   // the database is projected to a collection of another name
};
enum grove_code lineage_tell(struct store *store, struct call *call, struct lineage_report *ret,
                             struct grove_error *error);

// Makes the collection this database's, whosever it was; what it holds is then compared.
enum grove_code lineage_take(struct store *store, struct call *call, struct grove_error *error);

// What a process has compared; others may have compared what came before.
struct lineage_comparison {
    bool begun;                   // there was something to compare
    char doubt[STORE_DOUBT_SIZE]; // why
    int64_t points;
    int64_t enqueued;       // contents, to be written
    int64_t taken_out;      // points
    bool ended;             // this was the end of the doubt
    bool keeps_examination; // nothing differed, and what was known of the graph holds on
};

// Where there is doubt, compares all points with all contents: what differs goes into the outbox,
// what nobody has is taken out, what is equal stays as it is. *ret_settled: there is no doubt (any
// more); if not, another process compares right now. `compared` is left alone where nothing was to
// be compared.
enum grove_code lineage_settle(struct store *store, struct call *call,
                               struct lineage_comparison *compared, bool *ret_settled,
                               struct grove_error *error);

#endif
