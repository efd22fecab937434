// SPDX-License-Identifier: Apache-2.0
//
// Dead letters: contents that were given up on (sql/README.md). Searches find them all the same,
// since they wait in the outbox; the vector engine does not hold them as they are.
//
//     code = dead_list(store, call, DEAD_FIRST, 100, letters, &count, error);
//     code = dead_retry(store, call, ids, count, &retried, error);
//     code = dead_drop(store, call, &drop, &report, error);
//
// Threads: any number.
#ifndef GROVE_SYNC_DEAD_H
#define GROVE_SYNC_DEAD_H

#include "catalog/store.h"

struct dead_letter {
    int32_t content_id;
    bool deleted; // the content; its point could not be taken out
    int attempts;
    int64_t since_us;
    char reason[1001], content_type[201], title[481];
};

// By content id, those behind `after_id`; at most `most`.
#define DEAD_FIRST INT64_MIN
enum grove_code dead_list(struct store *store, struct call *call, int64_t after_id, size_t most,
                          struct dead_letter *ret, size_t *ret_count, struct grove_error *error);

// Makes them due again; `content_ids` NULL: all. *ret_count: how many there were.
enum grove_code dead_retry(struct store *store, struct call *call, const int32_t *content_ids,
                           size_t count, size_t *ret_count, struct grove_error *error);

// Gives up what was given up on: the contents go from the database, and the letters with them. What
// is not dead stays. A letter of a content that is gone already ends where the engine is seen to
// hold no point of it; else it stays as well.
struct dead_drop {
    const int32_t *content_ids; // at most VECTOR_BATCH_MAX
    size_t count;
    bool dry_run;
};
struct dead_report {
    int64_t contents; // that were removed
    int64_t letters;  // of contents that were gone, and that ended
    int64_t kept;     // the same, whose point is still there
};
enum grove_code dead_drop(struct store *store, struct call *call, const struct dead_drop *drop,
                          struct dead_report *ret, struct grove_error *error);

#endif
