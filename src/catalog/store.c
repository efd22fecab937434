// SPDX-License-Identifier: Apache-2.0
#include "catalog/store.h"

enum grove_code store_embedder(struct store *store, struct embedder **ret,
                               struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    pthread_mutex_lock(&store->embedder_mutex);
    if (!store->embedder)
        code = embedder_open(&store->embedder_options, &store->embedder, error);
    if (code == GROVE_OK)
        *ret = store->embedder;
    pthread_mutex_unlock(&store->embedder_mutex);
    return code;
}
