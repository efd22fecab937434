// SPDX-License-Identifier: Apache-2.0
//
// Points at which a test can have grove fail, wait or die, and times and limits that a test can
// lower.
//
//     enum grove_code code = INJECT(PROJECTOR_LEASED, error); // GROVE_OK unless a test wants more
//     int64_t lease_ms = KNOB(LEASE_MS, 120000);              // 120000 unless a test wants less
//
// What users get has neither: there INJECT is GROVE_OK and KNOB its second argument. The build
// compiles the files that use them a second time, with GROVE_INJECTION, into the library that the
// tests link and into the command build/tests/grove-injected.
//
// A point is named for what holds when it is reached: PROJECTOR_WRITTEN, the engine was told all
// points and nobody has looked what it holds. In the environment its name is projector-written:
//
//     GROVE_INJECT='projector-written=die'            SIGKILL, there
//     GROVE_INJECT='load-committed=fail'              GROVE_UNAVAILABLE, there
//     GROVE_INJECT='search-hits=wait:/tmp/x'          makes the file /tmp/x, waits until it is gone
//     GROVE_INJECT='load-contents=die@2,search-hits=fail'    only the second time; several points
//     GROVE_KNOBS='lease-ms=500,pg-silent-ms=300'
//
// A test in the same process sets a hook instead, before there are threads.
#ifndef GROVE_BASE_INJECT_H
#define GROVE_BASE_INJECT_H

#include <stdint.h>

#include "base/error.h"

// All points there are: name, and what holds there. A test demands that each stands in the code
// exactly once.
#define INJECT_POINTS(POINT)                                                                       \
    POINT(PROJECTOR_LEASE, "nothing is leased yet")                                                \
    POINT(PROJECTOR_LEASED, "outbox rows are leased, nothing was read")                            \
    POINT(PROJECTOR_READ, "what the contents are now was read")                                    \
    POINT(PROJECTOR_EMBEDDED, "vectors are computed, none is stored")                              \
    POINT(PROJECTOR_STORED, "computed vectors are in PostgreSQL")                                  \
    POINT(PROJECTOR_WRITE, "the lease was found to be long enough, the engine was told nothing")   \
    POINT(PROJECTOR_UPSERTED, "the engine has the points that live, and those that are to go")     \
    POINT(PROJECTOR_WRITTEN, "the engine was told all, nobody has looked what it holds")           \
    POINT(PROJECTOR_SEEN, "the engine was seen to hold it, the outbox still has the rows")         \
    POINT(PROJECTOR_ACKNOWLEDGED, "the outbox rows are gone")                                      \
    POINT(PROJECTOR_PUT_BACK, "a batch failed, its rows are still leased")                         \
    POINT(PROJECTOR_ENQUEUED, "the collection is gone, all contents are in the outbox")            \
    POINT(LONG_TEXTS_READ, "texts of before were read, none is noted")                             \
    POINT(LINEAGE_BEGUN, "a new epoch has begun, the collection has the mark of the old one")      \
    POINT(LINEAGE_MARKED, "the collection has the new mark, and the old one")                      \
    POINT(LINEAGE_COMPARED, "a page is compared, what differs waits, nothing was taken out")       \
    POINT(RESIDENT_LOCKED, "the resident projector has its lock, it has not said who it is")       \
    POINT(EXAMINE_CLAIMED, "an examination is claimed, nothing was looked at")                     \
    POINT(EXAMINE_LOOKED_UP, "all rows were looked up, nothing is judged")                         \
    POINT(EXAMINE_JUDGED, "a graph is judged, nothing is written of it")                           \
    POINT(EXAMINER_AWAKE, "a thread looks whether there is something to examine")                  \
    POINT(LOAD_BEGUN, "a batch's transaction is open")                                             \
    POINT(LOAD_LEAVES, "its leaves are written, not committed")                                    \
    POINT(LOAD_CONTENTS, "its contents are written, not committed")                                \
    POINT(LOAD_BODIES, "its bodies are written, not committed")                                    \
    POINT(LOAD_VECTORS, "its vectors are written, not committed")                                  \
    POINT(LOAD_DOCUMENT, "a document and its chunks are written, not committed")                   \
    POINT(LOAD_COMMITTED, "a batch is committed, none of it projected")                            \
    POINT(LOAD_PROJECTED, "a batch is committed and projected")                                    \
    POINT(ATTACH_BEGUN, "a table has its triggers, none of its rows was read")                     \
    POINT(ATTACH_ROUND, "some rows of a table that is being attached are committed")               \
    POINT(ATTACH_READ, "rows of an attached table are read, nothing is written")                   \
    POINT(ATTACH_WRITTEN, "they are documents, not committed")                                     \
    POINT(DETACH_BEGUN, "a table has lost its triggers, its documents are there")                  \
    POINT(DETACH_SOME, "some of its documents are gone")                                           \
    POINT(SEARCH_EMBEDDED, "the query has its vector")                                             \
    POINT(SEARCH_RESOLVED, "its path has become leaves")                                           \
    POINT(SEARCH_PLANNED, "the plan of a search is made, the engine was not asked")                \
    POINT(SEARCH_HITS, "the engine has answered, nothing is compared")                             \
    POINT(SEARCH_TEXTS, "texts of rows without a vector are read, none is embedded")               \
    POINT(SEARCH_PART, "a part of the rows is compared, there may be more")                        \
    POINT(SEARCH_SCORED, "candidates are compared, in a snapshot")                                 \
    POINT(SEARCH_RANKED, "the best rows are known, none was read")                                 \
    POINT(SEARCH_HYDRATED, "the rows are read")                                                    \
    POINT(MODEL_LOCKED, "no acknowledgment is under way, the model is as it was")                  \
    POINT(MODEL_CHANGED, "another model is set and all contents wait, not committed")              \
    POINT(MODEL_NOTED, "the next model is noted, or given up, not committed")                      \
    POINT(NEXT_MODEL_MOVED, "the contents of a chunk are ours to embed, none is")                  \
    POINT(NEXT_MODEL_WHOLE, "every content has a vector of the next model, it is not set")         \
    POINT(VECTORS_DROPPED, "a chunk of the vectors of an old model is gone, not committed")        \
    POINT(MIGRATION_APPLIED, "a migration is applied, not committed")                              \
    POINT(MIGRATION_WAITS, "another process migrates, nothing is done")                            \
    POINT(MIGRATION_BEGUN, "an online migration is begun, or gone on with; no step is done now")   \
    POINT(MIGRATION_STEP, "a step of an online migration is done, and not noted")                  \
    POINT(BACKFILL_FILLED, "a chunk is filled, not committed")                                     \
    POINT(SUBJECT_DECIDED, "a phase of a change of a subject is to be run")                        \
    POINT(SUBJECT_COMMITTED, "a phase of a change of a subject is committed, nobody was told")     \
    POINT(HOME_MADE, "a home's folder is there, with nothing in it")                               \
    POINT(HOME_NAMED, "a home has its id, nothing else")                                           \
    POINT(HOME_SERVERS_MADE, "the servers' folder is there, it is not theirs yet")                 \
    POINT(CLUSTER_INITIALISED, "initdb is done, the cluster has not its name yet")                 \
    POINT(CLUSTER_CREATED, "the cluster is there, no server was started")                          \
    POINT(CLUSTER_FOUND, "PostgreSQL was found to run, or was launched; it was not asked")         \
    POINT(CLUSTER_STARTED, "PostgreSQL answers, the database may be missing")                      \
    POINT(VECTOR_SERVER_SPAWNED, "the private vector server is started, it does not answer yet")

// All times and limits there are: name, and what it is.
#define INJECT_KNOBS(KNOB_)                                                                        \
    KNOB_(LEASE_MS, "how long a projector may keep its rows")                                      \
    KNOB_(MIGRATION_MS, "how long a migration is tried whose locks others have")                   \
    KNOB_(SCHEMA_KNOWN, "the newest migration that the library knows")                             \
    KNOB_(PG_CONNECT_MS, "how long a connect to PostgreSQL may take; libpq's least is 2 s")        \
    KNOB_(PG_LOCK_MS, "how long a statement waits for a lock, whatever its call may take")         \
    KNOB_(PG_IDLE_MS, "how long a transaction that writes waits for its client's next statement")  \
    KNOB_(PG_SILENT_MS, "how long PostgreSQL may say nothing before it counts as hung")            \
    KNOB_(PG_QUIT_MS, "how long a hung PostgreSQL has to quit before it is killed")                \
    KNOB_(PG_ORPHANS_MS, "how long processes without a postmaster have to end by themselves")      \
    KNOB_(ENGINE_READ_MS, "how long the engine may take for what somebody waits for")              \
    KNOB_(SPAWN_MS, "how long a program that is started has to say that it has begun")             \
    KNOB_(SERVICE_APPEAR_MS, "how long whoever has a server's lock has to say who it is")          \
    KNOB_(ENGINE_START_MS, "how long a search gives a private engine to start")                    \
    KNOB_(SEARCH_ENGINE_MS, "how long all rounds of a search may spend in the engine")             \
    KNOB_(RESIDENT_MODEL_MS, "how long the resident projector keeps a model it does not need")     \
    KNOB_(RESIDENT_STOP_MS, "how long the resident projector has to end before it is killed")      \
    KNOB_(SEARCH_REACH, "how many points a search asks the engine for at most")                    \
    KNOB_(WAITING_BYTES, "of so long an outbox the rows are listed, and their vectors kept")       \
    KNOB_(WAITING_LISTED, "how many rows of it are listed at most")                                \
    KNOB_(FOUND_FEW, "up to so many rows that match metadata are all compared by PostgreSQL")      \
    KNOB_(EXACT_ROWS, "up to so many rows are all compared by every search")                       \
    KNOB_(EXACT_FILTERED_ROWS, "up to so many rows by every search under a filter")                \
    KNOB_(EXAMINE_EF_ROWS, "thousandths of a row, compared in the time of a walk for each ef")     \
    KNOB_(EXAMINE_LISTED, "how many contents an examination may list")                             \
    KNOB_(EXAMINE_LONERS, "how many of the loneliest rows it looks up exactly")                    \
    KNOB_(EXAMINE_POLL_MS, "between looks at whether an examination is due")                       \
    KNOB_(EXAMINE_CLAIM_MS, "how long an examination is taken")                                    \
    KNOB_(BACKFILL_ROWS, "how many rows a chunk of a backfill has")                                \
    KNOB_(LONG_TEXTS_ROWS, "how many texts of before are looked at at a time")                     \
    KNOB_(NEXT_MODEL_ROWS, "how many contents are looked at at a time for the next model")         \
    KNOB_(DROP_ROWS, "how many vectors are looked at at a time when old ones are dropped")         \
    KNOB_(RECHUNK_ROWS, "how many contents rechunking finds at a time")                            \
    KNOB_(NUMBER_DELAY_MS, "how long a projector of an older version may still write points")      \
    KNOB_(VERIFY_PAGE, "how many contents are compared with their points at a time")               \
    KNOB_(ATTACH_PROBLEM_MS, "how long an attached table is left alone that cannot be read")       \
    KNOB_(LOAD_ROWS, "how many rows a batch of a load has at most")                                \
    KNOB_(LOAD_PATIENCE_MS, "how long a load waits for rows that another projector has leased")    \
    KNOB_(NOTES_MS, "between two notes of what the projectors of a store did")

enum inject_point {
#define POINT(name, what) INJECT_##name,
    INJECT_POINTS(POINT)
#undef POINT
        INJECT_POINT_COUNT
};

enum inject_knob {
#define KNOB_(name, what) INJECT_KNOB_##name,
    INJECT_KNOBS(KNOB_)
#undef KNOB_
        INJECT_KNOB_COUNT
};

#ifdef GROVE_INJECTION
#define INJECT(point, error) inject_reached(INJECT_##point, error)
#define KNOB(knob, normal) inject_knob(INJECT_KNOB_##knob, normal)

// What a point says: GROVE_OK to go on, else the error that was set.
enum grove_code inject_reached(enum inject_point point, struct grove_error *error);
int64_t inject_knob(enum inject_knob knob, int64_t normal);

// Turns a knob whatever the environment says; 0: as the environment says again.
void inject_set_knob(enum inject_knob knob, int64_t value);

// Called at every point, in the thread that reached it; NULL: the environment decides again.
typedef enum grove_code inject_hook(void *state, enum inject_point point,
                                    struct grove_error *error);
void inject_set_hook(inject_hook *hook, void *state);

// "PROJECTOR_LEASED"
const char *inject_point_name(enum inject_point point);
#else
#define INJECT(point, error) ((void)INJECT_##point, (void)(error), (enum grove_code)GROVE_OK)
#define KNOB(knob, normal) ((void)INJECT_KNOB_##knob, (int64_t)(normal))
#endif

#endif
