// SPDX-License-Identifier: Apache-2.0
//
// A comparison of both stores while it is under way.
#ifndef GROVE_SYNC_VERIFY_PRIVATE_H
#define GROVE_SYNC_VERIFY_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/call.h"
#include "base/strbuf.h"
#include "sync/verify.h"

enum {
    VERIFY_PAGE_WHOLE = 2048,
    VERIFY_PAGE_QUICK = 8192,
    VERIFY_ARENA_BYTES_MAX = 64 << 20,
};

// A content as PostgreSQL has it.
struct verify_content {
    int32_t id;
    bool there;
    bool waits, dead;          // in the outbox: a dead letter waits as well
    int64_t drawn;             // the highest revision that a point can have; VECTOR_NONE: not read
    struct vector_point point; // what the engine is to hold; its vector may be NULL
};

struct verify_contents {
    size_t count;
    struct verify_content *items;
};

// One that was seen to differ, and how: it is told when it was seen so twice.
struct verify_suspect {
    int32_t id;
    enum verify_kind kind;
    int64_t content_revision, point_revision;
};

// A page that a thread reads. While it is under way all here but `dropped` is the thread's.
struct verify_ahead {
    bool under_way;
    atomic_bool dropped; // nobody waits for it any more
    pthread_t thread;
    struct call call;
    int32_t from_id;
    size_t most;
    int page; // of the arenas
    struct verify_contents contents;
    enum grove_code code;
    struct grove_error error;
};

struct verifier {
    struct store *store;
    struct call *call;
    const struct verify_request *request;
    struct verify_report report;
    struct arena arenas[2]; // of a page of contents, and of the one that is read ahead
    int page;               // the one that is compared
    struct verify_ahead ahead;
    struct arena points;       // of a page of points
    struct arena looks;        // of what is looked at again
    struct strbuf bytes;       // of a digest
    bool digests;              // the engine makes them
    bool scattered;            // the last range differed: the next one is compared in parts at once
    int32_t first_id, last_id; // of all contents, for the progress
    int64_t next_id;           // all before is compared
    int64_t record;            // in grove.verification; 0: none
    int64_t began_us, noted_us;
    double seconds_before; // it was broken off
    size_t suspect_count;
    struct verify_suspect suspects[VECTOR_PAGE_MAX];
};

// --- verify_read.c -------------------------------------------------------------------------------

// Contents from an id on, in the scope, at most `most`. Also for another thread: of the verifier it
// reads the store and the request only.
enum grove_code verify_read_page(const struct verifier *self, struct call *call,
                                 struct arena *arena, int32_t from_id, size_t most,
                                 struct verify_contents *ret, struct grove_error *error);
// These contents, in the order of the ids, whatever the scope. In the arena of looks.
enum grove_code verify_read_ids(struct verifier *self, const int32_t *ids, size_t count,
                                struct verify_contents *ret, struct grove_error *error);
// How a content and its point differ; *ret_detail lives as long as the program, or in `detail`.
enum { VERIFY_DETAIL_SIZE = 160 };
enum verify_kind verify_judge(const struct verify_content *content, const struct vector_copy *copy,
                              bool whole, char detail[static VERIFY_DETAIL_SIZE]);

// --- verify_ahead.c ------------------------------------------------------------------------------

// The page from this id on: the one that was begun, else it is read now.
enum grove_code verify_page_get(struct verifier *self, int32_t from_id, size_t most,
                                struct verify_contents *ret, struct grove_error *error);
// Has the page read that is asked for next, while this one is compared.
void verify_page_begin(struct verifier *self, int64_t from_id, size_t most);
// What was begun and nobody asked for.
void verify_page_drop(struct verifier *self);

// --- verify_look.c -------------------------------------------------------------------------------

// Notes that it was seen to differ; looks at all of them again where there are many.
enum grove_code verify_suspect(struct verifier *self, const struct verify_content *content,
                               const struct vector_copy *copy, enum verify_kind kind,
                               struct grove_error *error);
// Looks at them until each is known to differ, or does not.
enum grove_code verify_look_again(struct verifier *self, struct grove_error *error);
// Tells of one that the outbox knows of.
void verify_tell_known(struct verifier *self, const struct verify_content *content,
                       const struct vector_copy *copy, enum verify_kind kind);
// Contents that have no state: what the walk goes by. Those of all places.
enum grove_code verify_stateless(struct verifier *self, struct grove_error *error);
// Points whose ids no content can have.
enum grove_code verify_strangers(struct verifier *self, struct grove_error *error);

// --- verify_record.c -----------------------------------------------------------------------------

enum grove_code verify_record_begin(struct verifier *self, struct grove_error *error);
// Since it began, before it was broken off, too.
double verify_seconds(const struct verifier *self);
enum grove_code verify_record_note(struct verifier *self, bool ended, struct grove_error *error);

// NULL where the verifier is whole; else the first rule that is broken, in words.
const char *verifier_check(const struct verifier *self);

#endif
