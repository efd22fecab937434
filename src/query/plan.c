// SPDX-License-Identifier: Apache-2.0
#include "query/plan.h"

#include <string.h>

#include "base/check.h"
#include "base/inject.h"
#include "sync/examine.h"

static bool is_examined(const struct moment *moment)
{
    return moment->examination.examined_at_us != INT64_MIN && moment->examination.graph[0] != '\0';
}

// Why a graph is not to be believed; NULL where it is.
static const char *doubt_of(const struct plan_facts *facts)
{
    const struct examined_graph *examination = &facts->moment->examination;
    if (!is_examined(facts->moment))
        return "the engine's graph was not examined yet";
    if (!examine_holds(facts->moment->revision - examination->revision, examination->points))
        return "much has changed since the engine's graph was examined";
    if (facts->best_max > examination->depth)
        return "more rows are wanted than the engine's graph was examined for";
    if ((facts->filtered ? examination->ef_filtered : examination->ef) == 0)
        return "the engine's graph was examined and found to miss rows";
    return NULL;
}

static struct plan by_graph(const struct plan_facts *facts, const char *reason)
{
    const struct examined_graph *examination = &facts->moment->examination;
    CHECK(examination->graph[0]);
    CHECK(examination->depth > 0);
    struct plan plan = {
        .method = PLAN_GRAPH,
        .ef = facts->filtered ? examination->ef_filtered : examination->ef,
        .rows_max = examination->depth,
        .plausible = facts->for_text ? examination->plausible : examination->plausible_vectors,
        .reason = reason,
    };
    memcpy(plan.graph, examination->graph, sizeof plan.graph);
    return plan;
}

// Whether the best of all rows, as many as are believed, have twice as many as wanted that match.
static bool are_among_best(const struct plan_facts *facts)
{
    CHECK(facts->rows_likely >= 0);
    CHECK(facts->best_max > 0);
    double share = (double)facts->rows_likely / (double)moment_rows_max(facts->moment);
    double depth = (double)facts->moment->examination.depth;
    return facts->rows_likely > 0 && !facts->folds &&
           share * depth >= 2.0 * (double)facts->best_max;
}

// Under a filter, where not too many rows are to be compared.
static struct plan filtered(const struct plan_facts *facts)
{
    struct plan_facts all = *facts;
    all.filtered = false;
    if (doubt_of(&all) || !are_among_best(facts))
        return (struct plan){.method = PLAN_EXACT,
                             .reason = "under a filter all rows that match are compared"};
    struct plan plan = by_graph(&all, "most rows match, and the engine's graph was examined");
    plan.through_all = true;
    return plan;
}

// The engine knows less than is asked: a graph, and its examination, are of no use for it. Where
// few rows match, PostgreSQL compares them all; else the engine shows all, exactly, in their order,
// and PostgreSQL takes those that match, until there are enough.
static struct plan plan_of_found(const struct plan_facts *facts)
{
    CHECK(facts->by_metadata);
    CHECK(facts->rows_found >= 0);
    if (facts->rows_found <= KNOB(FOUND_FEW, PLAN_FOUND_FEW) &&
        facts->asked != GROVE_STRATEGY_PUSH_DOWN)
        return (struct plan){.method = PLAN_RELATIONAL,
                             .reason = "only PostgreSQL knows of metadata, and few rows match"};
    int64_t found = facts->rows_found > 0 ? facts->rows_found : 1;
    return (struct plan){.method = PLAN_EXACT,
                         .sparse = (size_t)(facts->rows_max / found + 1),
                         .reason =
                             "only PostgreSQL knows of metadata, and takes the best that match"};
}

struct plan plan_make(const struct plan_facts *facts)
{
    CHECK(facts->rows_max >= 0);
    CHECK(facts->moment);
    if (facts->asked == GROVE_STRATEGY_RELATIONAL)
        return (struct plan){.method = PLAN_RELATIONAL, .reason = "asked for"};
    if (facts->by_metadata)
        return plan_of_found(facts);
    if (facts->exact)
        return (struct plan){.method = PLAN_EXACT, .reason = "an exact answer is wanted"};
    if (facts->rows_max <= vector_exact_points())
        return (struct plan){.method = PLAN_EXACT,
                             .reason = "so few rows match that comparing all costs little"};
    if (facts->filtered && facts->rows_max <= examine_filtered_points())
        return filtered(facts);
    const char *doubt = doubt_of(facts);
    if (!doubt)
        return by_graph(facts, "many rows may match, and the engine's graph was examined");
    if (facts->rows_max <= PLAN_EXACT_ROWS_MAX)
        return (struct plan){.method = PLAN_EXACT, .reason = doubt};
    return (struct plan){.method = PLAN_GRAPH, .ef = PLAN_EF_UNKNOWN, .reason = doubt};
}

bool plan_is_among_places(const struct moment *moment, int64_t rows_waiting, int64_t rows_in_places,
                          bool kept)
{
    CHECK(rows_waiting >= 0);
    CHECK(rows_in_places >= 0);
    int64_t by_size = moment->outbox_bytes / PLAN_OUTBOX_ROW_BYTES;
    if (rows_waiting >= PLAN_WAITING_COUNTED && by_size > rows_waiting)
        rows_waiting = by_size;
    int64_t fewer = kept ? PLAN_ROWS_PER_KEPT : PLAN_ROWS_PER_WAITING;
    return rows_waiting >= PLAN_WAITING_MANY && rows_in_places < rows_waiting / fewer;
}
