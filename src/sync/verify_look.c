// SPDX-License-Identifier: Apache-2.0
//
// What was seen to differ is looked at again before it is told: first PostgreSQL, then the engine,
// as at the first look.
//
//     first look:   content c0, then point p0        different: a suspect
//     second look:  content c1, then point p1        different in the same way, c1 = c0, p1 = p0:
//                                                    a difference
//
// Why that is one: at the moment of c1 the content waited for nothing, and had the revision of c0.
// Its point was p0 before that moment and p1 after it, which are the same, and revisions are not
// drawn twice: so that is what the engine held at that moment, and nothing was to change it. If
// anything is not as it was, the second look counts as the first, and there is a third.
//
// A content that waits at any look is no suspect any more: the outbox knows of it.
#include "sync/verify_private.h"

#include <string.h>

#include "base/check.h"
#include "pg/types.h"

enum { PAUSE_MS = 20, PAUSE_MS_MAX = 500, LOOK_MAX = 256 };

static void tell(struct verifier *self, const struct verify_difference *difference)
{
    CHECK(difference->kind != VERIFY_EQUAL);
    CHECK(difference->kind < VERIFY_KINDS);
    CHECK(difference->detail);
    self->report.kinds[difference->kind]++;
    if (self->request->on_difference)
        self->request->on_difference(self->request->state, difference);
}

static int64_t content_revision(const struct verify_content *content)
{
    return content->there ? content->point.revision : VECTOR_NONE;
}

static int64_t point_revision(const struct vector_copy *copy)
{
    return copy->state.present && copy->state.revision != VECTOR_NO_REVISION ? copy->state.revision
                                                                             : VECTOR_NONE;
}

static struct verify_difference difference_of(const struct verify_content *content,
                                              const struct vector_copy *copy, enum verify_kind kind,
                                              const char *detail)
{
    CHECK(content->id == copy->state.content_id);
    CHECK(kind != VERIFY_EQUAL);
    return (struct verify_difference){.kind = kind,
                                      .content_id = content->id,
                                      .content_revision = content_revision(content),
                                      .point_revision = point_revision(copy),
                                      .detail = detail};
}

void verify_tell_known(struct verifier *self, const struct verify_content *content,
                       const struct vector_copy *copy, enum verify_kind kind)
{
    CHECK(kind == VERIFY_WAITING || kind == VERIFY_DEAD);
    struct verify_difference difference = difference_of(content, copy, kind, "");
    tell(self, &difference);
}

// Which of the two it is is known at the second look only.
static enum verify_kind seen_as(enum verify_kind kind)
{
    return kind == VERIFY_ALIEN ? VERIFY_ORPHAN : kind;
}

static struct verify_suspect suspect_of(const struct verify_content *content,
                                        const struct vector_copy *copy, enum verify_kind kind)
{
    CHECK(content->id == copy->state.content_id);
    return (struct verify_suspect){content->id, seen_as(kind), content_revision(content),
                                   point_revision(copy)};
}

static bool is_as_before(const struct verify_suspect *before, const struct verify_suspect *now)
{
    CHECK(before->id == now->id);
    return before->kind == now->kind && before->content_revision == now->content_revision &&
           before->point_revision == now->point_revision;
}

// --- mending -------------------------------------------------------------------------------------

static bool is_mended(const struct verifier *self, enum verify_kind kind)
{
    return self->request->mend && (kind != VERIFY_ALIEN || self->request->aliens);
}

// What no trigger did when contents came and went is done first: those that are gone leave no state
// behind, and those that are there have one, or their points would be taken out. What waits already
// is not put in twice. Of a content that is gone the row says so: whoever projects takes its point
// out, also one of nobody.
static enum grove_code enqueue(struct verifier *self, const int32_t *ids, size_t count,
                               struct grove_error *error)
{
    static const char *const statements[] = {"verify_strays.sql", "verify_states.sql", "again.sql"};
    struct pg_params params = {0};
    struct pg_rows rows;
    enum grove_code code = GROVE_OK;
    CHECK(count <= LOOK_MAX);
    CHECK(count == 0 || self->request->mend);
    if (count == 0)
        return GROVE_OK;
    pg_add_int4_array(&params, &self->looks, ids, count);
    for (size_t i = 0; code == GROVE_OK && i < ARRAY_COUNT(statements); i++)
        code = store_query(self->store, self->call, &self->looks, statements[i], &params, &rows,
                           error);
    if (code == GROVE_OK)
        self->report.mended += (int64_t)count;
    return code;
}

// --- looking -------------------------------------------------------------------------------------

// Looks at up to LOOK_MAX suspects once; those that are left stay at the front of the list.
static enum grove_code look_once(struct verifier *self, struct verify_suspect *suspects,
                                 size_t *count, struct grove_error *error)
{
    int32_t ids[LOOK_MAX], differing[LOOK_MAX];
    struct vector_copy copies[LOOK_MAX];
    struct verify_contents contents = {.count = 0};
    size_t left = 0, mend = 0;
    CHECK(*count > 0);
    CHECK(*count <= LOOK_MAX);
    for (size_t i = 0; i < *count; i++)
        ids[i] = suspects[i].id;
    arena_clear(&self->looks);
    enum grove_code code = verify_read_ids(self, ids, *count, &contents, error);
    struct vector_choice choice = {ids, *count, !self->request->quick};
    if (code == GROVE_OK)
        code =
            vector_read_ids(self->store->engine, self->call, &choice, &self->looks, copies, error);
    for (size_t i = 0; code == GROVE_OK && i < *count; i++) {
        char detail[VERIFY_DETAIL_SIZE];
        const struct verify_content *content = &contents.items[i];
        enum verify_kind kind = verify_judge(content, &copies[i], choice.whole, detail);
        struct verify_suspect now = suspect_of(content, &copies[i], kind);
        if (kind == VERIFY_WAITING || kind == VERIFY_DEAD) {
            verify_tell_known(self, content, &copies[i], kind);
        } else if (kind != VERIFY_EQUAL && is_as_before(&suspects[i], &now)) {
            struct verify_difference difference = difference_of(content, &copies[i], kind, detail);
            tell(self, &difference);
            if (is_mended(self, kind))
                differing[mend++] = now.id;
        } else if (kind != VERIFY_EQUAL) {
            suspects[left++] = now;
        }
    }
    CHECK(left + mend <= *count);
    *count = left;
    return code == GROVE_OK ? enqueue(self, differing, mend, error) : code;
}

static enum grove_code look_at(struct verifier *self, struct verify_suspect *suspects, size_t count,
                               struct grove_error *error)
{
    unsigned pause_ms = PAUSE_MS;
    CHECK(count > 0);
    CHECK(suspects >= self->suspects);
    enum grove_code code = look_once(self, suspects, &count, error);
    while (code == GROVE_OK && count > 0) {
        (void)call_pause(self->call, pause_ms);
        code = call_check(self->call, error);
        if (code == GROVE_OK)
            code = look_once(self, suspects, &count, error);
        pause_ms = pause_ms < PAUSE_MS_MAX ? 2 * pause_ms : pause_ms;
    }
    return code;
}

enum grove_code verify_look_again(struct verifier *self, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    for (size_t at = 0; code == GROVE_OK && at < self->suspect_count; at += LOOK_MAX) {
        size_t left = self->suspect_count - at;
        code = look_at(self, self->suspects + at, left < LOOK_MAX ? left : (size_t)LOOK_MAX, error);
    }
    CHECK(self->suspect_count <= ARRAY_COUNT(self->suspects));
    self->suspect_count = 0;
    return code;
}

enum grove_code verify_suspect(struct verifier *self, const struct verify_content *content,
                               const struct vector_copy *copy, enum verify_kind kind,
                               struct grove_error *error)
{
    CHECK(self->suspect_count < ARRAY_COUNT(self->suspects));
    CHECK(kind != VERIFY_EQUAL);
    CHECK(kind < VERIFY_WAITING); // the outbox knows of the others
    self->suspects[self->suspect_count++] = suspect_of(content, copy, kind);
    return self->suspect_count == ARRAY_COUNT(self->suspects) ? verify_look_again(self, error)
                                                              : GROVE_OK;
}

// --- contents without a state --------------------------------------------------------------------

// The walk goes by states, and meets none of them. A content and its state come in one transaction:
// what a snapshot shows without one has none.
enum grove_code verify_stateless(struct verifier *self, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    int64_t from_id = INT32_MIN;
    bool more = !self->request->scope.hierarchy_table.data;
    while (code == GROVE_OK && more) {
        int32_t ids[LOOK_MAX];
        struct pg_params params = {0};
        struct pg_rows rows;
        arena_clear(&self->looks);
        pg_add_int8(&params, from_id);
        pg_add_int4(&params, LOOK_MAX);
        code = store_query(self->store, self->call, &self->looks, "verify_stateless.sql", &params,
                           &rows, error);
        if (code != GROVE_OK)
            return code;
        CHECK(rows.count <= LOOK_MAX);
        for (int r = 0; r < rows.count; r++) {
            ids[r] = pg_int4(&rows, r, 0);
            tell(self, &(struct verify_difference){.kind = VERIFY_MISSING,
                                                   .content_id = ids[r],
                                                   .content_revision = VECTOR_NONE,
                                                   .point_revision = VECTOR_NONE,
                                                   .detail = ""});
        }
        more = rows.count == LOOK_MAX;
        if (more)
            from_id = (int64_t)ids[LOOK_MAX - 1] + 1;
        if (self->request->mend)
            code = enqueue(self, ids, (size_t)rows.count, error);
    }
    return code;
}

// --- ids of no content ---------------------------------------------------------------------------

enum grove_code verify_strangers(struct verifier *self, struct grove_error *error)
{
    struct text from = {NULL, 0};
    char next[VECTOR_STRANGER_SIZE];
    enum grove_code code;
    if (self->request->scope.hierarchy_table.data)
        return GROVE_OK; // they are in no place
    do {
        struct vector_strangers found = {.count = 0};
        arena_clear(&self->points);
        code =
            vector_strangers(self->store->engine, self->call, from, &self->points, &found, error);
        for (size_t i = 0; code == GROVE_OK && i < found.count; i++)
            tell(self, &(struct verify_difference){.kind = VERIFY_ALIEN,
                                                   .point_id = found.ids[i],
                                                   .content_revision = VECTOR_NONE,
                                                   .point_revision = VECTOR_NONE,
                                                   .detail = ""});
        if (code == GROVE_OK && found.count > 0 && is_mended(self, VERIFY_ALIEN)) {
            code = vector_erase(self->store->engine, self->call, found.ids, found.count, error);
            self->report.mended += code == GROVE_OK ? (int64_t)found.count : 0;
        }
        CHECK(found.count == 0 || found.ids);
        self->report.points += (int64_t)found.count;
        CHECK(found.next.length < sizeof next);
        if (found.next.data)
            memcpy(next, found.next.data, found.next.length);
        from = (struct text){found.next.data ? next : NULL, found.next.length};
    } while (code == GROVE_OK && from.data);
    return code;
}
