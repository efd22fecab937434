// SPDX-License-Identifier: Apache-2.0
#include "fault_engine.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/text.h"

struct fault_engine {
    struct vector_engine base; // first
    struct vector_engine *within;
    struct engine_fault faults[ENGINE_FAULTS_MAX];
    size_t fault_count;
    _Atomic unsigned long calls[ENGINE_CALLS];
    _Atomic unsigned long met;
};

static struct fault_engine *fault_of(const struct vector_engine *engine)
{
    return (struct fault_engine *)(uintptr_t)engine;
}

// Counts the call; NULL: it is to go as usual.
static const struct engine_fault *meet(struct fault_engine *engine, enum engine_call call)
{
    unsigned long nth = atomic_fetch_add(&engine->calls[call], 1) + 1;
    for (size_t i = 0; i < engine->fault_count; i++) {
        const struct engine_fault *fault = &engine->faults[i];
        if (fault->call != call || (fault->nth != 0 && fault->nth != nth))
            continue;
        atomic_fetch_add(&engine->met, 1);
        return fault;
    }
    return NULL;
}

static bool fails_before(const struct engine_fault *fault)
{
    return fault && !fault->after;
}

// What the call answers.
static enum grove_code end(const struct engine_fault *fault, enum grove_code code,
                           struct grove_error *error)
{
    if (!fault || code != GROVE_OK)
        return code;
    error_set(error, fault->code, "a test had %s fail %s", engine_call_name(fault->call),
              fault->after ? "after it was done" : "before it was done");
    error->origin = GROVE_ORIGIN_QDRANT;
    error->http_status = fault->http_status;
    return fault->code;
}

static enum grove_code fault_ensure(struct vector_engine *engine, struct call *call,
                                    struct grove_error *error)
{
    const struct engine_fault *fault = meet(fault_of(engine), ENGINE_ENSURE);
    enum grove_code code = GROVE_OK;
    if (!fails_before(fault))
        code = vector_ensure_collection(fault_of(engine)->within, call, error);
    return end(fault, code, error);
}

static enum grove_code fault_info(struct vector_engine *engine, struct call *call,
                                  struct vector_info *ret, struct grove_error *error)
{
    const struct engine_fault *fault = meet(fault_of(engine), ENGINE_INFO);
    enum grove_code code = GROVE_OK;
    if (!fails_before(fault))
        code = vector_info(fault_of(engine)->within, call, ret, error);
    return end(fault, code, error);
}

static enum grove_code fault_upsert(struct vector_engine *engine, struct call *call,
                                    const struct vector_point *points, size_t count,
                                    struct grove_error *error)
{
    const struct engine_fault *fault = meet(fault_of(engine), ENGINE_UPSERT);
    enum grove_code code = GROVE_OK;
    if (!fails_before(fault))
        code = vector_upsert(fault_of(engine)->within, call, points, count, error);
    return end(fault, code, error);
}

static enum grove_code fault_remove(struct vector_engine *engine, struct call *call,
                                    const int32_t *content_ids, const int64_t *revisions,
                                    size_t count, struct grove_error *error)
{
    const struct engine_fault *fault = meet(fault_of(engine), ENGINE_REMOVE);
    enum grove_code code = GROVE_OK;
    if (!fails_before(fault))
        code = vector_remove(fault_of(engine)->within, call, content_ids, revisions, count, error);
    return end(fault, code, error);
}

static enum grove_code fault_evict(struct vector_engine *engine, struct call *call,
                                   const struct vector_state *seen, size_t count,
                                   struct grove_error *error)
{
    const struct engine_fault *fault = meet(fault_of(engine), ENGINE_EVICT);
    enum grove_code code = GROVE_OK;
    if (!fails_before(fault))
        code = vector_evict(fault_of(engine)->within, call, seen, count, error);
    return end(fault, code, error);
}

static enum grove_code fault_search(struct vector_engine *engine, struct call *call,
                                    const struct vector_query *query, struct arena *arena,
                                    struct vector_hits *ret, struct grove_error *error)
{
    const struct engine_fault *fault = meet(fault_of(engine), ENGINE_SEARCH);
    enum grove_code code = GROVE_OK;
    if (!fails_before(fault))
        code = vector_search(fault_of(engine)->within, call, query, arena, ret, error);
    return end(fault, code, error);
}

static enum grove_code fault_graph(struct vector_engine *engine, struct call *call,
                                   char ret[static VECTOR_GRAPH_SIZE], struct grove_error *error)
{
    const struct engine_fault *fault = meet(fault_of(engine), ENGINE_GRAPH);
    enum grove_code code = GROVE_OK;
    if (!fails_before(fault))
        code = vector_graph(fault_of(engine)->within, call, ret, error);
    return end(fault, code, error);
}

static enum grove_code fault_count(struct vector_engine *engine, struct call *call,
                                   const struct vector_filter *filter, uint64_t *ret,
                                   struct grove_error *error)
{
    const struct engine_fault *fault = meet(fault_of(engine), ENGINE_COUNT);
    enum grove_code code = GROVE_OK;
    if (!fails_before(fault))
        code = vector_count(fault_of(engine)->within, call, filter, ret, error);
    return end(fault, code, error);
}

static enum grove_code fault_states(struct vector_engine *engine, struct call *call,
                                    const int32_t *content_ids, size_t count,
                                    struct vector_state *ret, struct grove_error *error)
{
    const struct engine_fault *fault = meet(fault_of(engine), ENGINE_STATES);
    enum grove_code code = GROVE_OK;
    if (!fails_before(fault))
        code = vector_states(fault_of(engine)->within, call, content_ids, count, ret, error);
    return end(fault, code, error);
}

static enum grove_code fault_scan(struct vector_engine *engine, struct call *call, int64_t from_id,
                                  size_t limit, struct vector_page *ret, struct grove_error *error)
{
    const struct engine_fault *fault = meet(fault_of(engine), ENGINE_SCAN);
    enum grove_code code = GROVE_OK;
    if (!fails_before(fault))
        code = vector_scan(fault_of(engine)->within, call, from_id, limit, ret, error);
    return end(fault, code, error);
}

static enum grove_code fault_marks(struct vector_engine *engine, struct call *call,
                                   struct vector_marks *ret, struct grove_error *error)
{
    const struct engine_fault *fault = meet(fault_of(engine), ENGINE_MARKS);
    enum grove_code code = GROVE_OK;
    if (!fails_before(fault))
        code = vector_marks(fault_of(engine)->within, call, ret, error);
    return end(fault, code, error);
}

static enum grove_code fault_mark(struct vector_engine *engine, struct call *call,
                                  const struct vector_mark *mark, struct grove_error *error)
{
    const struct engine_fault *fault = meet(fault_of(engine), ENGINE_MARK);
    enum grove_code code = GROVE_OK;
    if (!fails_before(fault))
        code = vector_mark(fault_of(engine)->within, call, mark, error);
    return end(fault, code, error);
}

static enum grove_code fault_unmark(struct vector_engine *engine, struct call *call,
                                    const struct vector_mark *mark, struct grove_error *error)
{
    const struct engine_fault *fault = meet(fault_of(engine), ENGINE_UNMARK);
    enum grove_code code = GROVE_OK;
    if (!fails_before(fault))
        code = vector_unmark(fault_of(engine)->within, call, mark, error);
    return end(fault, code, error);
}

static enum grove_code fault_read(struct vector_engine *engine, struct call *call,
                                  const struct vector_range *range, size_t limit,
                                  struct arena *arena, struct vector_copies *ret,
                                  struct grove_error *error)
{
    const struct engine_fault *fault = meet(fault_of(engine), ENGINE_READ);
    enum grove_code code = GROVE_OK;
    if (!fails_before(fault))
        code = vector_read(fault_of(engine)->within, call, range, limit, arena, ret, error);
    return end(fault, code, error);
}

static enum grove_code fault_read_ids(struct vector_engine *engine, struct call *call,
                                      const struct vector_choice *choice, struct arena *arena,
                                      struct vector_copy *ret, struct grove_error *error)
{
    const struct engine_fault *fault = meet(fault_of(engine), ENGINE_READ_IDS);
    enum grove_code code = GROVE_OK;
    if (!fails_before(fault))
        code = vector_read_ids(fault_of(engine)->within, call, choice, arena, ret, error);
    return end(fault, code, error);
}

static enum grove_code fault_digest(struct vector_engine *engine, struct call *call,
                                    const struct vector_range *range, struct vector_digest *ret,
                                    struct grove_error *error)
{
    const struct engine_fault *fault = meet(fault_of(engine), ENGINE_DIGEST);
    enum grove_code code = GROVE_OK;
    if (!fails_before(fault))
        code = vector_digest(fault_of(engine)->within, call, range, ret, error);
    return end(fault, code, error);
}

static enum grove_code fault_strangers(struct vector_engine *engine, struct call *call,
                                       struct text from, struct arena *arena,
                                       struct vector_strangers *ret, struct grove_error *error)
{
    const struct engine_fault *fault = meet(fault_of(engine), ENGINE_STRANGERS);
    enum grove_code code = GROVE_OK;
    if (!fails_before(fault))
        code = vector_strangers(fault_of(engine)->within, call, from, arena, ret, error);
    return end(fault, code, error);
}

static enum grove_code fault_erase(struct vector_engine *engine, struct call *call,
                                   const struct text *ids, size_t count, struct grove_error *error)
{
    const struct engine_fault *fault = meet(fault_of(engine), ENGINE_ERASE);
    enum grove_code code = GROVE_OK;
    if (!fails_before(fault))
        code = vector_erase(fault_of(engine)->within, call, ids, count, error);
    return end(fault, code, error);
}

static void fault_free(struct vector_engine *engine)
{
    vector_engine_free(fault_of(engine)->within);
    free(fault_of(engine));
}

static const char *fault_describe(const struct vector_engine *engine)
{
    return vector_describe(fault_of(engine)->within);
}

static const struct vector_engine_operations operations = {
    .name = "fault",
    .free = fault_free,
    .describe = fault_describe,
    .ensure_collection = fault_ensure,
    .info = fault_info,
    .upsert = fault_upsert,
    .remove = fault_remove,
    .evict = fault_evict,
    .search = fault_search,
    .graph = fault_graph,
    .count = fault_count,
    .states = fault_states,
    .scan = fault_scan,
    .marks = fault_marks,
    .mark = fault_mark,
    .unmark = fault_unmark,
    .read = fault_read,
    .read_ids = fault_read_ids,
    .digest = fault_digest,
    .strangers = fault_strangers,
    .erase = fault_erase,
};

// --- arming --------------------------------------------------------------------------------------

static enum engine_call call_named(struct text name)
{
    enum engine_call call = 0;
    while (call < ENGINE_CALLS && !text_equal(name, text_of(engine_call_name(call))))
        call++;
    CHECK(call < ENGINE_CALLS); // GROVE_ENGINE_FAULTS names no call
    return call;
}

static enum grove_code code_named(struct text name)
{
    enum grove_code code = GROVE_INVALID;
    while (code < GROVE_CODE_COUNT && !text_equal(name, text_of(grove_code_info(code)->name)))
        code++;
    CHECK(code < GROVE_CODE_COUNT); // GROVE_ENGINE_FAULTS names no code
    return code;
}

// "upsert@2=after:timeout"
static struct engine_fault read_fault(struct text setting)
{
    struct engine_fault fault = {0};
    struct text left, call, when;
    CHECK(text_split(&setting, '=', &left) && text_split(&setting, ':', &when));
    CHECK(text_split(&left, '@', &call));
    if (left.length > 0) {
        int64_t nth;
        CHECK(text_to_int64(left, &nth) && nth > 0);
        fault.nth = (unsigned long)nth;
    }
    fault.after = text_equal(when, text_of("after"));
    CHECK(fault.after || text_equal(when, text_of("before")));
    fault.call = call_named(call);
    fault.code = code_named(setting);
    return fault;
}

struct vector_engine *fault_engine_new(struct vector_engine *within)
{
    struct fault_engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        return NULL;
    engine->base.operations = &operations;
    engine->within = within;
    const char *settings = getenv("GROVE_ENGINE_FAULTS");
    struct text rest = text_of(settings ? settings : ""), setting;
    while (rest.length > 0 && text_split(&rest, ',', &setting)) {
        struct engine_fault fault = read_fault(setting);
        fault_engine_arm(&engine->base, &fault);
    }
    return &engine->base;
}

void fault_engine_arm(struct vector_engine *base, const struct engine_fault *fault)
{
    CHECK(base->operations == &operations);
    struct fault_engine *engine = fault_of(base);
    CHECK(engine->fault_count < ENGINE_FAULTS_MAX && fault->code != GROVE_OK);
    engine->faults[engine->fault_count++] = *fault;
}

void fault_engine_disarm(struct vector_engine *base)
{
    CHECK(base->operations == &operations);
    fault_of(base)->fault_count = 0;
}

unsigned long fault_engine_met(struct vector_engine *base)
{
    CHECK(base->operations == &operations);
    return atomic_load(&fault_of(base)->met);
}
