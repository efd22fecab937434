// SPDX-License-Identifier: Apache-2.0
//
// The two stores and the model, as the modules above this one get them.
//
// The embedder is opened by its first user, since mapping and reading it costs time that
// navigation should not pay.
#ifndef GROVE_CATALOG_STORE_H
#define GROVE_CATALOG_STORE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/long_lock.h"
#include "catalog/notes.h"
#include "embed/cache.h"
#include "embed/embed.h"
#include "pg/pg.h"
#include "vector/engine.h"
#include "vector/kept.h"

// The model in one precision, opened by its first user. Others may be using it: only who has the
// store alone closes it before the store is (store_close_models).
struct store_model {
    struct long_lock opening; // guards both pointers; held while the model is being opened
    struct embedder *embedder;
    struct embed_cache *query_cache; // NULL with `no_query_cache`
};

// Why the engine is not known to be the projection of this database.
enum { STORE_DOUBT_SIZE = 160 };

struct store {
    struct pg_pool *pool;
    struct vector_engine *engine;
    char collection[128]; // of the engine
    atomic_bool closing;  // calls and threads are to end
    // The database was seen to have another schema than this library's: whoever can bring it up to
    // date, or tell of it, is to look again.
    atomic_bool schema_doubted;

    struct kept_slot kept;    // rows that the engine's graph does not reach (query/)
    struct kept_slot waiting; // rows that wait, where many do (query/)
    // Held while vectors are read for it. Who wants it has a connection, and takes no other.
    struct long_lock waiting_lock;
    _Atomic unsigned stand_ins; // searches for which PostgreSQL compares many rows now (query/)

    // Takes in what waits elsewhere to become contents (attach/take_in.h); NULL: nobody does.
    enum grove_code (*take_in)(struct store *store, struct call *call, bool *ret_idle,
                               struct grove_error *error);

    atomic_bool points_numbered;  // all points have the numbers of their branch and limb, or wait
    atomic_bool long_texts_known; // all that are longer than the model reads were noted

    atomic_int schema_version; // as last read; 0: never
    atomic_int schema_filled;  // the version up to which no backfill is left; 0: not known

    _Atomic int64_t counts_folded_at_us;      // monotonic: when a projector last did; 0: never
    atomic_bool has_attached;                 // a table is, or was within STORE_MODEL_AGE_MS
    _Atomic int64_t partitions_left_until_us; // monotonic: those that have come were locked
    atomic_uint steps;                        // of projectors, while the model changes
    _Atomic size_t outbox_removed;            // contents that left the outbox since its vacuum

    _Atomic int64_t lineage_known_at_us;  // monotonic: when the engine last showed that it is the
                                          // projection of this database; 0: never (sync/lineage.h)
    _Atomic int64_t lineage_looked_at_us; // and when it was last asked whether it has gone back

    atomic_bool doubt_unnoted; // there is one that our role could not write down

    struct store_notes notes;

    pthread_mutex_t model_mutex;         // guards the following seven
    enum embed_precision precision;      // of the vectors that the database compares
    bool changes;                        // it is to have others:
    enum embed_precision next_precision; // these (catalog/model_change.h)
    int64_t model_read_at_us;            // monotonic; 0: never
    char doubt[STORE_DOUBT_SIZE];        // as last read; "": none
    char history[VECTOR_HISTORY_SIZE];   // of the database, as last read; "": never
    char projected[VECTOR_HISTORY_SIZE]; // the one whose projection the collection was last seen
                                         // to be; "": never

    struct store_model models[EMBED_PRECISIONS];
    bool no_query_cache;
    unsigned embedder_threads;
    char model_folder[4096]; // "": there are no assets
    bool model_published;    // the folder is the assets': its files must be the published ones
    char model_seal[4096];   // remembers that they were; "": nothing does
    char weights_seal[4096]; // remembers that the weights' file was right; "": nothing does
    bool model_seal_stays;   // both are read, not written

    atomic_bool ahead_begun; // store_embed_ahead was called
    atomic_bool ahead_busy;  // its thread has `ahead`
    struct long_lock ahead;
    bool ahead_runs; // it is to be joined
    pthread_t ahead_thread;
    char *ahead_text;
    enum embed_precision ahead_precision;
};

// The published files of sentence-transformers/all-MiniLM-L6-v2.
enum { STORE_MODEL_FILES = 2 };
struct store_model_file {
    const char *name;
    const char *sha256;
};
extern const struct store_model_file store_model_files[STORE_MODEL_FILES];

void store_init(struct store *store);
void store_release(struct store *store);

// Runs a statement of sql/, by its file's name, on a connection that the caller has.
enum grove_code store_query_on(struct pg_conn *conn, struct arena *arena, const char *file,
                               const struct pg_params *params, struct pg_rows *ret_rows,
                               struct grove_error *error);

// The same, planned for these very parameters each time: a plan for any would do badly.
enum grove_code store_query_planned_on(struct pg_conn *conn, struct arena *arena, const char *file,
                                       const struct pg_params *params, struct pg_rows *ret_rows,
                                       struct grove_error *error);

// As the first, on a connection of its own.
enum grove_code store_query(struct store *store, struct call *call, struct arena *arena,
                            const char *file, const struct pg_params *params,
                            struct pg_rows *ret_rows, struct grove_error *error);

// Reads again which model and which schema the database has, unless that was done a moment ago
// (STORE_MODEL_AGE_MS). Another process may change either at any time; of a model projectors are
// told by the outbox itself. Another model, or another schema, than this library's is an error.
enum { STORE_MODEL_AGE_MS = 1000 };
enum grove_code store_refresh_model(struct store *store, struct call *call,
                                    struct grove_error *error);
// The same for whoever works with no vectors: whose they are is no error.
enum grove_code store_refresh_schema(struct store *store, struct call *call,
                                     struct grove_error *error);

// The same now, whenever it was done last.
enum grove_code store_reread_model(struct store *store, struct call *call,
                                   struct grove_error *error);

// The same on a connection that the caller has; and as one of several statements of a round trip.
// of_vectors: whose they are matters.
enum grove_code store_read_model_on(struct store *store, struct pg_conn *conn, bool of_vectors,
                                    struct grove_error *error);
struct pg_statement store_model_statement(void);
enum grove_code store_take_model(struct store *store, const struct pg_conn *conn,
                                 const struct pg_rows *rows, bool of_vectors,
                                 struct grove_error *error);

// Whether the engine is known to be the projection of this database, as last read. If not, only
// PostgreSQL can tell what there is, and nothing leaves the outbox (sync/lineage.h).
bool store_is_doubted(struct store *store, char ret_reason[static STORE_DOUBT_SIZE]);

// The history whose projection the collection was last seen to be; "": none yet.
void store_projected(struct store *store, char ret_history[static VECTOR_HISTORY_SIZE]);
// It was seen to be that of this history. False: the database has begun another one since.
bool store_note_projected(struct store *store, const char *history);

// The same for who would ask the engine: a failure of it.
enum grove_code store_check_doubt(struct store *store, struct grove_error *error);

// Of the vectors that the database compares, as last read. Whoever works with vectors asks once,
// and embeds and compares in what it was told, whatever the database changes to meanwhile.
enum embed_precision store_precision(struct store *store);

// Of those that it is to compare next, as last read (catalog/model_change.h). False: of none, or of
// a model that this library does not have.
bool store_next_precision(struct store *store, enum embed_precision *ret);

// The model, opened if this is the first call. It belongs to the store. Where another call opens
// it, this one waits no longer than it may.
enum grove_code store_embedder(struct store *store, const struct call *call,
                               enum embed_precision precision, struct embedder **ret,
                               struct grove_error *error);

// Begins to open the model that was opened last, as a seal of the home says, and to embed a text,
// in a thread: beside what else the first search of a handle has to do. Whoever asks for the text's
// vector (store_embed_query) then has it, or waits for it. The first call of it counts. Where the
// database has another model that one is opened when it is wanted.
void store_embed_ahead(struct store *store, const char *text);

// Gives the memory of all models back; they are opened again when they are needed. The caller has
// the store alone, and nothing of a model in its hands.
void store_close_models(struct store *store);

// The vector of a text to search for, which is well-formed UTF-8: from the cache of recent ones
// where it is there.
enum grove_code store_embed_query(struct store *store, struct call *call,
                                  enum embed_precision precision, struct text text,
                                  float ret_vector[static EMBED_DIMENSION],
                                  struct grove_error *error);

#endif
