// SPDX-License-Identifier: Apache-2.0
//
// The examination of the vector engine's graph: which contents it does not reach, and with what a
// search by it finds what an exact one does. The row of grove.examination that it writes is what
// lets a search trust the graph; without one that names the very graph, a search compares all.
//
//     struct examine_report report;
//     code = examine(store, &call, &(struct examine_request){.go_on = go_on}, &report, error);
//
// It reads vectors in parts, keeps no transaction, and writes one row at its end. One that dies
// leaves the row as it was, which names another graph: nothing is believed that does not hold.
//
// Threads: any number, in any processes; all but one find it taken (EXAMINE_ELSEWHERE).
#ifndef GROVE_SYNC_EXAMINE_H
#define GROVE_SYNC_EXAMINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "catalog/store.h"

// Up to VECTOR_EXACT_POINTS contents there is nothing to examine: searches compare all. Of more
// than these the neighbours are not kept in memory: their graph is not examined.
enum { EXAMINE_POINTS_MAX = 1000000 };

// A search under a filter compares all of so many contents, whatever is known of the graph
// (src/query/plan.h). Where there cannot be more, graphs are not examined under filters.
enum { EXAMINE_FILTERED_POINTS = 200000 };
int64_t examine_filtered_points(void); // as above; fewer where a test says so

// A search is judged by the score of this hit: walks that went wrong end with a low one.
enum { EXAMINE_TELLING = 10 };

enum examine_outcome {
    EXAMINE_NEEDLESS,  // there are few contents
    EXAMINE_CURRENT,   // what was found before holds; the report tells it
    EXAMINE_BUSY,      // the engine builds its graph, or built one meanwhile: later
    EXAMINE_ELSEWHERE, // somebody else is at it
    EXAMINE_DONE,
    EXAMINE_DUE, // only of examine_look: the graph is another one now, or much has changed
};

struct examine_report {
    enum examine_outcome outcome;
    int64_t rows;   // looked up
    int64_t listed; // to be compared beside the graph
    int ef;         // 0: the graph is not to be trusted
    int ef_filtered;
    int depth; // so many rows of an answer are as good as the best EXAMINE_TELLING
    int rounds;
    int64_t queries;
    double recall; // mean of the queries with plausible scores
    double recall_worst;
    double plausible;         // of searches for texts
    double plausible_vectors; // for vectors that are no text's
    double seconds;
    double age_seconds; // since it was written; 0 where it was just done
    char reason[256];   // where ef is 0
};

struct examine_request {
    // Called by the calling thread every second or so; false ends it with GROVE_CANCELLED, as the
    // call does. May be NULL. How much is done, in searches, of how many: an exact one counts as
    // several. Where more turns out to be needed `of` grows.
    bool (*go_on)(void *state, int64_t done, int64_t of);
    void *state;
};

enum grove_code examine(struct store *store, struct call *call,
                        const struct examine_request *request, struct examine_report *ret,
                        struct grove_error *error);

// What was found last, and whether it holds, without examining anything. Engines that do not answer
// count as busy.
enum grove_code examine_look(struct store *store, struct call *call, struct examine_report *ret,
                             struct grove_error *error);

// Whether what was found of so many points still holds after so many changes: what was removed may
// have been a bridge. Whoever examines and whoever believes ask the same.
bool examine_holds(int64_t changes, int64_t points);

// For those who look again and again: whether the report says that nothing is left to do, and how
// long to wait then, or else.
bool examine_is_settled(const struct examine_report *report);
int64_t examine_pause_ms(bool settled);

// A thread that examines whenever that is due and no row waits, until stopped. *ret is NULL before.
struct examiner;
enum grove_code examiner_start(struct store *store, struct examiner **ret,
                               struct grove_error *error);
void examiner_stop(struct examiner *examiner); // waits for a second or so; NULL is fine

#endif
