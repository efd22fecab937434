// SPDX-License-Identifier: Apache-2.0
//
// The comparison of all points with all contents, page by page, by id. What was compared is noted
// after each page: whoever comes next goes on from there. A page that is compared twice finds the
// same, or what has become of it.
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"
#include "pg/types.h"
#include "sync/lineage.h"

enum {
    CLAIM_MS = 30000, // to compare a page
    OWNER_SIZE = 48,
    PAGE_BYTES_MAX = 4 << 20,
    HISTORY_SIZE = VECTOR_HISTORY_SIZE,
};

struct comparison {
    struct store *store;
    struct call *call;
    char history[HISTORY_SIZE];
    char owner[OWNER_SIZE];
    int64_t from_id;
    int64_t claimed_at_us; // monotonic
    struct lineage_comparison *report;
    struct arena arena; // of a page
    struct vector_page page;
};

static enum grove_code run_statement(struct comparison *self, const char *file,
                                     const struct pg_params *params, struct pg_rows *ret,
                                     struct grove_error *error)
{
    enum grove_code code =
        store_query(self->store, self->call, &self->arena, file, params, ret, error);
    if (code != GROVE_OK)
        error_context(error, "comparing the vector engine with the database");
    return code;
}

// *ret_has: the comparison is ours. `begins`: wherever another has left it.
static enum grove_code claim(struct comparison *self, bool begins, bool *ret_has,
                             struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    int64_t at_us = clock_monotonic_us();
    CHECK(self->owner[0]);
    CHECK(self->history[0]);
    pg_add_text(&params, text_of(self->history));
    pg_add_text(&params, text_of(self->owner));
    pg_add_int4(&params, CLAIM_MS);
    if (begins)
        pg_add_null(&params, PG_INT8);
    else
        pg_add_int8(&params, self->from_id);
    enum grove_code code = run_statement(self, "lineage_claim.sql", &params, &rows, error);
    *ret_has = code == GROVE_OK && rows.count == 1;
    if (*ret_has) {
        self->from_id = pg_int8(&rows, 0, 0);
        self->claimed_at_us = at_us;
    }
    return code;
}

// Takes out what the statement told, as it was seen: what was written since stays.
static enum grove_code take_out(struct comparison *self, const struct pg_rows *rows,
                                struct grove_error *error)
{
    struct vector_state gone[VECTOR_PAGE_MAX];
    size_t count = 0;
    CHECK(rows->count > 0);
    CHECK(rows->count <= VECTOR_PAGE_MAX + 1);
    for (int r = 0; r < rows->count; r++)
        if (pg_is_null(rows, r, 0)) // how many went into the outbox
            self->report->enqueued += pg_int8(rows, r, 1);
        else
            gone[count++] = (struct vector_state){.content_id = pg_int4(rows, r, 0),
                                                  .present = true,
                                                  .revision = pg_int8(rows, r, 1)};
    CHECK(count < (size_t)rows->count);
    self->report->taken_out += (int64_t)count;
    return vector_evict(self->store->engine, self->call, gone, count, error);
}

// What differs goes into the outbox before anything is taken out: whoever dies in between leaves
// contents that wait.
static enum grove_code compare_page(struct comparison *self, struct grove_error *error)
{
    struct vector_page *page = &self->page;
    struct pg_params params = {0};
    struct pg_rows rows;
    int32_t ids[VECTOR_PAGE_MAX];
    int64_t revisions[VECTOR_PAGE_MAX];
    static_assert(VECTOR_NO_REVISION == -1, "lineage_compare.sql knows it so");
    for (size_t i = 0; i < page->count; i++) {
        ids[i] = page->states[i].content_id;
        revisions[i] = page->states[i].revision;
    }
    CHECK(page->count <= VECTOR_PAGE_MAX);
    CHECK(page->next_id == VECTOR_NONE || page->next_id > self->from_id);
    int64_t last_id = page->next_id == VECTOR_NONE ? INT32_MAX : page->next_id - 1;
    pg_add_int8(&params, self->from_id);
    pg_add_int8(&params, last_id);
    pg_add_int4_array(&params, &self->arena, ids, page->count);
    pg_add_int8_array(&params, &self->arena, revisions, page->count);
    pg_add_text(&params, text_of(self->store->collection));
    self->report->points += (int64_t)page->count;
    enum grove_code code = run_statement(self, "lineage_compare.sql", &params, &rows, error);
    if (code == GROVE_OK)
        code = INJECT(LINEAGE_COMPARED, error);
    // The claim is another's as soon as its time is over: half of it is for the request.
    if (code == GROVE_OK && clock_monotonic_us() - self->claimed_at_us > CLAIM_MS * 500LL)
        return error_set(error, GROVE_TIMEOUT, "comparing a page of points took too long");
    if (code == GROVE_OK)
        code = take_out(self, &rows, error);
    self->from_id = last_id + 1;
    return code;
}

static enum grove_code settle(struct comparison *self, bool *ret_settled, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    CHECK(self->from_id > INT32_MAX); // all was compared
    pg_add_text(&params, text_of(self->history));
    pg_add_text(&params, text_of(self->owner));
    pg_add_text(&params, text_of(self->store->collection));
    enum grove_code code = run_statement(self, "lineage_settle.sql", &params, &rows, error);
    *ret_settled = code == GROVE_OK && rows.count == 1;
    self->report->ended = *ret_settled;
    self->report->keeps_examination = *ret_settled && pg_bool(&rows, 0, 0);
    return code;
}

static enum grove_code compare_all(struct comparison *self, bool *ret_settled,
                                   struct grove_error *error)
{
    bool has;
    *ret_settled = false;
    enum grove_code code = claim(self, true, &has, error);
    self->report->begun = code == GROVE_OK && has;
    while (code == GROVE_OK && has && self->from_id <= INT32_MAX) {
        arena_clear(&self->arena);
        code = vector_scan(self->store->engine, self->call, self->from_id, VECTOR_PAGE_MAX,
                           &self->page, error);
        if (code == GROVE_OK)
            code = compare_page(self, error);
        if (code == GROVE_OK)
            code = claim(self, false, &has, error);
        call_beat(self->call);
    }
    return code == GROVE_OK && has ? settle(self, ret_settled, error) : code;
}

static void name_owner(char ret_owner[static OWNER_SIZE])
{
    unsigned long long number = 0;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        number = (unsigned long long)clock_monotonic_us();
    int length = snprintf(ret_owner, OWNER_SIZE, "%ld/%016llx", (long)getpid(), number);
    CHECK(length > 0 && length < OWNER_SIZE); // a name that is cut may be another's
}

static enum grove_code read_history(struct comparison *self, struct grove_error *error)
{
    struct pg_rows rows;
    struct pg_params params = {0};
    pg_add_text(&params, text_of(self->store->collection));
    enum grove_code code = run_statement(self, "lineage.sql", &params, &rows, error);
    if (code == GROVE_OK && rows.count == 1)
        snprintf(self->history, sizeof self->history, "%.*s", TEXT_ARGS(pg_text(&rows, 0, 2)));
    return code;
}

enum grove_code lineage_settle(struct store *store, struct call *call,
                               struct lineage_comparison *compared, bool *ret_settled,
                               struct grove_error *error)
{
    char doubt[STORE_DOUBT_SIZE];
    struct lineage_comparison report = {.begun = false};
    CHECK(compared);
    *ret_settled = !store_is_doubted(store, doubt);
    if (*ret_settled)
        return GROVE_OK;
    struct comparison self = {.store = store, .call = call, .report = &report};
    name_owner(self.owner);
    arena_init(&self.arena, PAGE_BYTES_MAX);
    enum grove_code code = read_history(&self, error);
    if (code == GROVE_OK)
        code = compare_all(&self, ret_settled, error);
    arena_release(&self.arena);
    memcpy(report.doubt, doubt, sizeof report.doubt);
    if (report.begun)
        *compared = report;
    if (code == GROVE_OK)
        code = store_reread_model(store, call, error);
    if (code == GROVE_OK)
        *ret_settled = !store_is_doubted(store, doubt);
    return code;
}
