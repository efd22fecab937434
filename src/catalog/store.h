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

#include "base/error.h"
#include "embed/embed.h"
#include "pg/pg.h"
#include "vector/engine.h"

struct store {
    struct pg_pool *pool;
    struct vector_engine *engine;
    atomic_bool cancelled; // looked at between the steps of long work

    pthread_mutex_t embedder_mutex; // guards `embedder`
    struct embedder *embedder;
    struct embedder_options embedder_options;
    char model_folder[4096];
};

// The model, opened if this is the first call. It belongs to the store.
enum grove_code store_embedder(struct store *store, struct embedder **ret,
                               struct grove_error *error);

#endif
