// SPDX-License-Identifier: Apache-2.0
//
// The walk over both stores, by ascending ids. A page of contents is read, then what the engine
// holds between its first and its last id:
//
//     digest of the range, by the engine and by us: equal  -> all of it is proven
//     unequal, many contents                               -> each of its parts by itself
//     unequal, few; or an engine without digests           -> the points are read and compared
//
// A point that is read costs ten times one in a digest, and a digest as much as some tens of
// points: so a page has parts of 128 contents, and a part pieces of 8, of which the points are
// read; of ids and revisions parts of 512 are read at once. What differs costs the page two more
// digests at most, however many differ, not one for each time that it can be halved. Where a page
// was seen to differ the next one most likely does, too: its parts are compared at once, until a
// page is equal.
//
// A digest is of what should be there. So a content that waits makes its range unequal, and a few
// of them are looked at one by one; no row is told equal that was not seen so.
//
// What differs at the first look is only a suspect: verify_look.c looks again.
#include "sync/verify_private.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"
#include "vector/direction.h"
#include "vector/fingerprint.h"

enum {
    STRANGERS = 16, // points beside those of the contents that a read has room for
    BYTES_MAX = 64 << 20,
    NOTE_EVERY_US = 1000000,
    RATE_SLICE_MS = 1000,
};

static bool is_whole(const struct verifier *self)
{
    return !self->request->quick;
}

// --- a range -------------------------------------------------------------------------------------

// Ids of points are not negative; contents with such ids are none.
static struct vector_range range_of(const struct verifier *self, int64_t first_id, int64_t last_id)
{
    CHECK(first_id <= last_id);
    CHECK(last_id <= INT32_MAX);
    return (struct vector_range){.first_id = first_id > 0 ? first_id : 0,
                                 .last_id = last_id,
                                 .filter = self->request->scope.filter,
                                 .whole = is_whole(self)};
}

// False: one of them has no vector, and no digest to compare with.
static bool add_fingerprints(struct verifier *self, const struct verify_contents *contents)
{
    CHECK(contents->count <= VERIFY_PAGE_QUICK);
    strbuf_clear(&self->bytes);
    for (size_t i = 0; i < contents->count; i++) {
        const struct verify_content *content = &contents->items[i];
        if (content->id < 0 || (is_whole(self) && !content->point.vector))
            return false;
        if (is_whole(self))
            fingerprint_add_whole(&self->bytes, &content->point);
        else
            fingerprint_add(&self->bytes, content->id, content->point.revision);
    }
    return true;
}

// *ret_equal: both have the same digest of the range.
static enum grove_code compare_digests(struct verifier *self, const struct vector_range *range,
                                       const struct verify_contents *contents, bool *ret_equal,
                                       struct grove_error *error)
{
    struct vector_digest there, wanted;
    *ret_equal = false;
    CHECK(self->digests);
    CHECK(range->whole == is_whole(self));
    if (!add_fingerprints(self, contents))
        return GROVE_OK;
    if (!fingerprint_end(&self->bytes, contents->count, &wanted))
        return error_no_memory(error, "a digest of contents");
    enum grove_code code = vector_digest(self->store->engine, self->call, range, &there, error);
    if (code != GROVE_OK)
        return code;
    self->digests = there.known;
    *ret_equal = there.known && there.points == wanted.points && strcmp(there.hex, wanted.hex) == 0;
    if (*ret_equal) {
        self->report.proven += (int64_t)contents->count;
        self->report.points += (int64_t)contents->count;
    }
    return GROVE_OK;
}

static enum grove_code compare_one(struct verifier *self, const struct verify_content *content,
                                   const struct vector_copy *copy, struct grove_error *error)
{
    char detail[VERIFY_DETAIL_SIZE];
    CHECK(content->id == copy->state.content_id);
    enum verify_kind kind = verify_judge(content, copy, is_whole(self), detail);
    CHECK(kind < VERIFY_KINDS);
    if (kind == VERIFY_EQUAL)
        return GROVE_OK;
    if (kind != VERIFY_WAITING && kind != VERIFY_DEAD)
        return verify_suspect(self, content, copy, kind, error);
    verify_tell_known(self, content, copy, kind);
    return GROVE_OK;
}

// Both by ascending id; *at: the first content that was not compared yet.
static enum grove_code merge_page(struct verifier *self, const struct verify_contents *contents,
                                  size_t *at, const struct vector_copies *copies,
                                  struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    for (size_t i = 0; code == GROVE_OK && i < copies->count; i++) {
        const struct vector_copy *copy = &copies->items[i];
        int32_t id = copy->state.content_id;
        for (; code == GROVE_OK && *at < contents->count && contents->items[*at].id < id; (*at)++)
            code = compare_one(self, &contents->items[*at],
                               &(struct vector_copy){.state.content_id = contents->items[*at].id},
                               error);
        bool both = *at < contents->count && contents->items[*at].id == id;
        struct verify_content nobody = {.id = id, .drawn = VECTOR_NONE};
        if (code == GROVE_OK)
            code = compare_one(self, both ? &contents->items[*at] : &nobody, copy, error);
        *at += both;
        CHECK(*at <= contents->count);
    }
    return code;
}

// How many points a read asks for: what lies behind the range is no use.
static size_t read_limit(const struct vector_range *rest, const struct verify_contents *contents)
{
    CHECK(rest->first_id <= rest->last_id);
    uint64_t ids = (uint64_t)(rest->last_id - rest->first_id) + 1;
    size_t likely = contents->count + STRANGERS;
    size_t most = likely < VECTOR_PAGE_MAX ? likely : (size_t)VECTOR_PAGE_MAX;
    return ids < most ? (size_t)ids : most;
}

// Reads all points of the range, however many there are beside those of the contents.
static enum grove_code compare_points(struct verifier *self, const struct vector_range *range,
                                      const struct verify_contents *contents,
                                      struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    struct vector_range rest = *range;
    size_t at = 0;
    while (code == GROVE_OK && rest.first_id != VECTOR_NONE && rest.first_id <= rest.last_id) {
        struct vector_copies copies = {.count = 0};
        arena_clear(&self->points);
        size_t limit = read_limit(&rest, contents);
        code = vector_read(self->store->engine, self->call, &rest, limit, &self->points, &copies,
                           error);
        CHECK(copies.count <= limit);
        CHECK(copies.next_id == VECTOR_NONE || copies.next_id > rest.first_id);
        self->report.points += (int64_t)copies.count;
        rest.first_id = copies.next_id;
        if (code == GROVE_OK)
            code = merge_page(self, contents, &at, &copies, error);
    }
    for (; code == GROVE_OK && at < contents->count; at++)
        code =
            compare_one(self, &contents->items[at],
                        &(struct vector_copy){.state.content_id = contents->items[at].id}, error);
    return code;
}

// Consecutive ids, and the contents among them.
struct part {
    int64_t first_id, last_id;
    struct verify_contents contents;
};

// How many contents a part has, at each level: what differs in the last is read.
struct parting {
    size_t levels;
    size_t contents[2];
};

static const struct parting *parting_of(const struct verifier *self)
{
    static const struct parting whole = {2, {128, 8}}, quick = {1, {512}};
    return is_whole(self) ? &whole : &quick;
}

// From the contents' number `at` on. What lies between two contents belongs to the part before.
static struct part part_at(const struct part *whole, size_t at, size_t count)
{
    const struct verify_contents *contents = &whole->contents;
    CHECK(count > 0);
    size_t left = contents->count - at, taken = left < count ? left : count;
    CHECK(at == 0 || at < contents->count);
    return (struct part){
        .first_id = at == 0 ? whole->first_id : contents->items[at].id,
        .last_id = taken == left ? whole->last_id : (int64_t)contents->items[at + taken].id - 1,
        .contents = {taken, contents->items + at},
    };
}

// What is not equal as a whole: part by part, as deep as there are levels.
static enum grove_code compare_unequal(struct verifier *self, const struct part *whole,
                                       size_t level, struct grove_error *error)
{
    const struct parting *parting = parting_of(self);
    struct vector_range range = range_of(self, whole->first_id, whole->last_id);
    CHECK(level <= parting->levels);
    if (level == parting->levels || whole->contents.count <= parting->contents[level])
        return compare_points(self, &range, &whole->contents, error);
    enum grove_code code = GROVE_OK;
    for (size_t at = 0; code == GROVE_OK && at < whole->contents.count;
         at += parting->contents[level]) {
        struct part part = part_at(whole, at, parting->contents[level]);
        range = range_of(self, part.first_id, part.last_id);
        bool equal;
        code = compare_digests(self, &range, &part.contents, &equal, error);
        if (code == GROVE_OK && !equal)
            code = compare_unequal(self, &part, level + 1, error);
    }
    return code;
}

static enum grove_code compare_range(struct verifier *self, const struct part *whole,
                                     struct grove_error *error)
{
    struct vector_range range = range_of(self, whole->first_id, whole->last_id);
    int64_t proven = self->report.proven;
    bool equal = false, in_parts = whole->contents.count > parting_of(self)->contents[0];
    enum grove_code code = GROVE_OK;
    if (self->digests && !(self->scattered && in_parts))
        code = compare_digests(self, &range, &whole->contents, &equal, error);
    if (code == GROVE_OK && !self->digests)
        code = compare_points(self, &range, &whole->contents, error);
    else if (code == GROVE_OK && !equal)
        code = compare_unequal(self, whole, 0, error);
    CHECK(self->report.proven >= proven);
    self->scattered = self->report.proven - proven < (int64_t)whole->contents.count;
    return code;
}

// --- the walk ------------------------------------------------------------------------------------

double verify_seconds(const struct verifier *self)
{
    CHECK(self->seconds_before >= 0);
    CHECK(self->began_us > 0);
    return self->seconds_before + (double)(clock_monotonic_us() - self->began_us) / 1e6;
}

static void tell_progress(const struct verifier *self)
{
    CHECK(self->first_id <= self->last_id);
    double span = (double)self->last_id - (double)self->first_id + 1;
    double done = (double)self->next_id - (double)self->first_id;
    struct verify_progress progress = {
        .contents = self->report.contents,
        .fraction = done <= 0     ? 0
                    : done < span ? done / span
                                  : 1,
        .seconds = verify_seconds(self),
    };
    if (self->request->on_progress)
        self->request->on_progress(self->request->state, &progress);
}

// Not faster than it may.
static enum grove_code slow_down(struct verifier *self, int64_t contents, int64_t page_began_us,
                                 struct grove_error *error)
{
    int64_t rate = self->request->rows_per_second;
    CHECK(rate >= 0);
    CHECK(contents >= 0);
    enum grove_code code = call_check(self->call, error);
    while (code == GROVE_OK && rate > 0) {
        double due_us = (double)contents / (double)rate * 1e6;
        double left_ms = (due_us - (double)(clock_monotonic_us() - page_began_us)) / 1e3;
        if (left_ms < 1)
            break;
        (void)call_pause(self->call, left_ms < (double)RATE_SLICE_MS ? (unsigned)left_ms
                                                                     : (unsigned)RATE_SLICE_MS);
        code = call_check(self->call, error);
    }
    return code;
}

static enum grove_code compare_page(struct verifier *self, struct grove_error *error)
{
    struct verify_contents contents;
    CHECK(self->suspect_count == 0);
    CHECK(self->next_id >= INT32_MIN && self->next_id <= INT32_MAX);
    int64_t began_us = clock_monotonic_us();
    size_t most = (size_t)KNOB(VERIFY_PAGE, is_whole(self) ? VERIFY_PAGE_WHOLE : VERIFY_PAGE_QUICK);
    enum grove_code code = verify_page_get(self, (int32_t)self->next_id, most, &contents, error);
    if (code != GROVE_OK)
        return code;
    CHECK(contents.count <= most);
    bool last = contents.count < most;
    int64_t last_id = last ? INT32_MAX : contents.items[contents.count - 1].id;
    struct part part = {self->next_id, last_id, contents};
    verify_page_begin(self, last_id + 1, most);
    if (last_id >= 0)
        code = compare_range(self, &part, error);
    else // no point has such an id
        code =
            compare_points(self, &(struct vector_range){.first_id = VECTOR_NONE}, &contents, error);
    if (code == GROVE_OK)
        code = verify_look_again(self, error);
    if (code != GROVE_OK)
        return code;
    CHECK(last_id >= self->next_id);
    self->report.contents += (int64_t)contents.count;
    self->next_id = last_id + 1;
    DCHECK(verifier_check(self) == NULL);
    return slow_down(self, (int64_t)contents.count, began_us, error);
}

static enum grove_code compare_all(struct verifier *self, struct grove_error *error)
{
    bool begins = self->next_id == INT32_MIN; // else this was told before it was broken off
    enum grove_code code = begins ? verify_stateless(self, error) : GROVE_OK;
    while (code == GROVE_OK && self->next_id <= INT32_MAX) {
        code = compare_page(self, error);
        if (code != GROVE_OK)
            return code;
        tell_progress(self);
        if (clock_monotonic_us() - self->noted_us > NOTE_EVERY_US)
            code = verify_record_note(self, false, error);
    }
    CHECK(code != GROVE_OK || self->next_id > INT32_MAX); // all of them
    return code == GROVE_OK ? verify_strangers(self, error) : code;
}

static void verifier_init(struct verifier *self, struct store *store, struct call *call,
                          const struct verify_request *request)
{
    CHECK(store->engine);
    CHECK(!request->aliens || request->mend);
    self->store = store;
    self->call = call;
    self->request = request;
    self->digests = true; // until it is seen to make none
    self->next_id = INT32_MIN;
    self->began_us = self->noted_us = clock_monotonic_us();
    arena_init(&self->arenas[0], VERIFY_ARENA_BYTES_MAX);
    arena_init(&self->arenas[1], VERIFY_ARENA_BYTES_MAX);
    arena_init(&self->points, VERIFY_ARENA_BYTES_MAX);
    arena_init(&self->looks, VERIFY_ARENA_BYTES_MAX);
    strbuf_init(&self->bytes, BYTES_MAX);
}

static void verifier_release(struct verifier *self)
{
    verify_page_drop(self);
    CHECK(!self->ahead.under_way); // it would write into what is released
    arena_release(&self->arenas[0]);
    arena_release(&self->arenas[1]);
    arena_release(&self->points);
    arena_release(&self->looks);
    strbuf_release(&self->bytes);
}

enum grove_code verify(struct store *store, struct call *call, const struct verify_request *request,
                       struct verify_report *ret, struct grove_error *error)
{
    struct verifier self = {.store = NULL};
    verifier_init(&self, store, call, request);
    enum grove_code code = verify_record_begin(&self, error);
    if (code == GROVE_OK)
        code = compare_all(&self, error);
    self.report.seconds = verify_seconds(&self);
    if (code == GROVE_OK)
        code = verify_record_note(&self, true, error);
    *ret = self.report;
    verifier_release(&self);
    if (code != GROVE_OK)
        error_context(error, "comparing the vector engine with the database");
    return code;
}

enum grove_code verify_contents(struct store *store, struct call *call,
                                const struct verify_request *request, const int32_t *content_ids,
                                size_t count, struct verify_report *ret, struct grove_error *error)
{
    struct verifier self = {.store = NULL};
    CHECK(count <= VECTOR_BATCH_MAX);
    CHECK(!request->resume);
    verifier_init(&self, store, call, request);
    for (size_t i = 0; i < count; i++)
        self.suspects[self.suspect_count++] =
            (struct verify_suspect){.id = content_ids[i], .kind = VERIFY_EQUAL};
    enum grove_code code = verify_look_again(&self, error);
    self.report.contents = (int64_t)count;
    self.report.seconds = verify_seconds(&self);
    *ret = self.report;
    verifier_release(&self);
    if (code != GROVE_OK)
        error_context(error, "comparing the vector engine with the database");
    return code;
}

int64_t verify_differences(const int64_t kinds[static VERIFY_KINDS])
{
    int64_t differences = 0;
    for (int kind = VERIFY_EQUAL + 1; kind < VERIFY_WAITING; kind++)
        differences += kinds[kind];
    CHECK(differences >= 0);
    return differences;
}

const char *verify_kind_name(enum verify_kind kind)
{
    static const char *const names[VERIFY_KINDS] = {
        [VERIFY_EQUAL] = "equal",          [VERIFY_MISSING] = "missing", [VERIFY_STALE] = "stale",
        [VERIFY_STRANGE] = "strange",      [VERIFY_PAYLOAD] = "payload", [VERIFY_VECTOR] = "vector",
        [VERIFY_VECTORLESS] = "no_vector", [VERIFY_ORPHAN] = "orphan",   [VERIFY_ALIEN] = "alien",
        [VERIFY_WAITING] = "waiting",      [VERIFY_DEAD] = "dead"};
    CHECK((unsigned)kind < VERIFY_KINDS);
    CHECK(names[kind]);
    return names[kind];
}

const char *verifier_check(const struct verifier *self)
{
    if (self->suspect_count > 0)
        return "a page is done, and something in it is still suspected";
    if (self->report.proven > self->report.contents)
        return "more contents are proven than were looked at";
    return self->next_id > (int64_t)INT32_MAX + 1 ? "it goes on behind the last id" : NULL;
}
