// SPDX-License-Identifier: Apache-2.0
//
// The page after the one that is compared, read meanwhile: PostgreSQL, the engine and we work at
// once.
//
//     verify_page_get     waits for the page that was begun, or reads it now
//     verify_page_begin   a thread reads the page that follows, into the arena that is free
//     verify_page_drop    ends a read that nobody waits for any more
//
// Each page is still read whole before the engine is asked for what it holds of it: the thread is
// joined first. So what verify_look.c proves holds; a page is older by the time that the one before
// it took, and what was written in that time is looked at again. Where a rate is given no page is
// read ahead: it would wait for its turn.
//
// The thread takes a connection of the pool for its statement and waits for nothing else, and we
// hold none while it reads: a pool of one connection suffices.
#include "sync/verify_private.h"

#include "base/background.h"
#include "base/check.h"

static void *read_ahead(void *argument)
{
    struct verifier *self = argument;
    struct verify_ahead *ahead = &self->ahead;
    CHECK(ahead->under_way);
    CHECK(ahead->page != self->page); // that one is being compared
    ahead->code = verify_read_page(self, &ahead->call, &self->arenas[ahead->page], ahead->from_id,
                                   ahead->most, &ahead->contents, &ahead->error);
    return NULL;
}

void verify_page_begin(struct verifier *self, int64_t from_id, size_t most)
{
    struct verify_ahead *ahead = &self->ahead;
    CHECK(!ahead->under_way);
    CHECK(most > 0);
    if (from_id > INT32_MAX || self->request->rows_per_second > 0)
        return;
    atomic_store(&ahead->dropped, false);
    ahead->call = call_part(self->call);
    call_obey(&ahead->call, &ahead->dropped);
    ahead->from_id = (int32_t)from_id;
    ahead->most = most;
    ahead->page = 1 - self->page;
    arena_clear(&self->arenas[ahead->page]);
    ahead->under_way = true;
    // Without a thread it is read when it is asked for.
    if (background_create_thread(&ahead->thread, false, read_ahead, self) != 0)
        ahead->under_way = false;
}

static void join(struct verifier *self)
{
    struct verify_ahead *ahead = &self->ahead;
    CHECK(ahead->under_way);
    CHECK(pthread_join(ahead->thread, NULL) == 0);
    ahead->under_way = false;
    if (self->call)
        call_add_counters(self->call, &ahead->call);
}

enum grove_code verify_page_get(struct verifier *self, int32_t from_id, size_t most,
                                struct verify_contents *ret, struct grove_error *error)
{
    struct verify_ahead *ahead = &self->ahead;
    CHECK(most > 0);
    if (!ahead->under_way) {
        arena_clear(&self->arenas[self->page]);
        return verify_read_page(self, self->call, &self->arenas[self->page], from_id, most, ret,
                                error);
    }
    join(self);
    CHECK(ahead->from_id == from_id);
    CHECK(ahead->most == most);
    self->page = ahead->page;
    if (ahead->code != GROVE_OK)
        *error = ahead->error;
    else
        *ret = ahead->contents;
    return ahead->code;
}

void verify_page_drop(struct verifier *self)
{
    if (!self->ahead.under_way)
        return;
    atomic_store(&self->ahead.dropped, true);
    join(self);
}
