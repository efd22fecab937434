// SPDX-License-Identifier: Apache-2.0
//
// A change of the model whose vectors the database compares (sql/model_change.md).
//
//     code = model_change_wish(store, call, next, &wish, error);     // notes the next model
//     code = model_change_read(store, call, arena, next, &at, &due, error); // then projectors
//     code = model_change_look(store, call, arena, next, at.at, &look, error);
//     if (model_progress_after(&at, &look, &after)) // every content has a vector
//         code = model_change_finish(store, call, next, error);
//     else
//         code = model_change_move(store, call, arena, next, &at, &after, &moved, error);
//
// Contents are looked at in the order of their ids, again and again, until a pass over all of them
// finds none that lacks a vector of the next model. Whoever moves on has the contents in between,
// and embeds what they lack (sync/next_model.c). Should it die, the next pass finds them.
//
// Errors: those of the statements. Threads: any; nothing is kept between calls.
#ifndef GROVE_CATALOG_MODEL_CHANGE_H
#define GROVE_CATALOG_MODEL_CHANGE_H

#include "base/arena.h"
#include "catalog/store.h"

// Makes the vectors of this precision those that the database compares, and has every content
// projected with them, unless they are already. It waits for no writer, and none waits for it. All
// of it is done, or nothing. *ret_queued: the contents.
enum grove_code store_set_precision(struct store *store, struct call *call,
                                    enum embed_precision precision, int64_t *ret_queued,
                                    struct grove_error *error);

// --- beside the old model ------------------------------------------------------------------------

enum {
    MODEL_LACKING_MAX = 32
}; // of one look: so few that rows which become due meanwhile wait
    // for seconds only

struct model_look {
    int64_t to;   // the last content that was looked at
    bool all;     // there are none beyond
    int64_t seen; // contents that were looked at
    size_t count; // of them, those that lack a vector
    int32_t lacking[MODEL_LACKING_MAX];
};

// How far a change is; in the database "PASS AT FOUND SEEN".
struct model_progress {
    int64_t pass;     // over all contents; the first is 1
    int64_t at;       // the last content that was looked at in it
    int64_t found;    // in this pass so far: contents that lacked a vector
    int64_t seen;     // in the first pass, so far: contents
    struct text text; // as it was read
};
enum { MODEL_PROGRESS_SIZE = 96 };

// What the text says; one that says nothing is that of a beginning. It is borrowed.
void model_progress_parse(struct text text, struct model_progress *ret);
// How far it is after a look; whether every content has a vector, or as good as that: a pass found
// none that lacked one, or, while writers go on, the last of several found a few, which may have to
// be embedded yet.
bool model_progress_after(const struct model_progress *at, const struct model_look *look,
                          struct model_progress *ret);

struct model_wish {
    bool settled;   // the database has the model; else it goes on with the old one for now
    int64_t queued; // contents that are projected anew, since it has it from now on
};

// Has the database change to this model as soon as every content has a vector of it; at once, where
// that is so already. A change to any other model is given up.
enum grove_code model_change_wish(struct store *store, struct call *call,
                                  enum embed_precision precision, struct model_wish *ret,
                                  struct grove_error *error);

// *ret_due: whether the database is to change to this model.
enum grove_code model_change_read(struct store *store, struct call *call, struct arena *arena,
                                  enum embed_precision precision, struct model_progress *ret,
                                  bool *ret_due, struct grove_error *error);

// Looks at the contents beyond `at`.
enum grove_code model_change_look(struct store *store, struct call *call, struct arena *arena,
                                  enum embed_precision precision, int64_t at,
                                  struct model_look *ret, struct grove_error *error);

// *ret_moved: false where another projector was here first, or the database is to have another
// model.
enum grove_code model_change_move(struct store *store, struct call *call, struct arena *arena,
                                  enum embed_precision precision, const struct model_progress *from,
                                  const struct model_progress *to, bool *ret_moved,
                                  struct grove_error *error);

// As store_set_precision, if the database is still to change to this model.
enum grove_code model_change_finish(struct store *store, struct call *call,
                                    enum embed_precision precision, struct grove_error *error);

// --- afterwards ----------------------------------------------------------------------------------

// Frees the vectors that were computed under other models than the database's, and the next one: a
// chunk at a time, so that a change of the model waits for moments. *ret_dropped: how many; also
// where it fails.
enum grove_code model_change_drop_vectors(struct store *store, struct call *call,
                                          int64_t *ret_dropped, struct grove_error *error);

#endif
