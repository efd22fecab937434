// SPDX-License-Identifier: Apache-2.0
//
// A walk through the graph for a query that is far from all rows may end in a wrong place, and the
// scores that it brings back tell so: walks that went wrong end low. The tenth tells, not the best:
// "train timetable" has one row at 0.68 among 100,000, the others are below 0.46, and of those a
// walk found two. So two things are chosen together, by a sample whose true answers are known:
//
//     plausible   a tenth score above those of all walks that went wrong. A search whose tenth
//                 score is below asks exactly. One for texts; and a higher one for vectors that
//                 callers supply, which may point between texts: a walk from there comes to one
//                 side.
//     ef          how far a walk looks. The farther, the fewer go wrong, and the longer each takes.
//
// An ef will do when the plausible answers are good and are half of the sample or more. Of those
// the cheapest is taken: what it costs all searches, and the rest of the sample to be compared with
// all rows. The one walk that went wrong and ended highest decides what is plausible, so that it
// varies between graphs of the same rows: of 100,000 a share of 0.60 was not plausible at ef 128
// and 0.31 at 160; of another graph 0.31 at 128.
//
// Where none will do, what the failures with the highest scores missed is listed, with its
// neighbours, and a new sample is judged. What takes every search longer, and less than half that
// are plausible, will do when listing has not helped.
// The sample that is accepted is never one that added to the list.
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/inject.h"
#include "sync/examine_private.h"
#include "vector/direction.h"

enum {
    ROUNDS_MAX = 3,
    MISSED_QUERIES_MAX = 16, // of a sample that add to the list
    MISSED_ROWS_MAX = MISSED_QUERIES_MAX * EXAMINE_NEAR,
};
static_assert(EXAMINE_QUERIES_FILTERED <= EXAMINE_QUERIES, "a sample's bound");

#define RECALL_WRONG 0.9
#define RECALL_WANTED 0.995
#define PLAUSIBLE_MARGIN 0.03
#define IMPLAUSIBLE_WANTED 0.5
#define IMPLAUSIBLE_MAX 0.6 // of the sample: the rest is what the verdict stands on
#define DEEP_MISSED_MAX 2   // rows: whichever ten a filter leaves, eight of them are there

static const unsigned ef_choices[] = {128, 160, 192, 256, 512};
enum {
    EF_CHOICES_QUICK = 2, // of them; the rest where these will not do
    ROWS_PER_EF = 50,     // are compared in the time of a walk, for each of its ef: 0.175 us a row,
                          // and 3.4 ms more at ef 512 than at 128, among 100,000 rows
};

// What a sample says of an ef.
struct verdict {
    unsigned ef; // 0: none will do
    double plausible, plausible_vectors;
    double recall, recall_worst; // of the plausible for texts
    double implausible;          // share
    size_t wrong;                // queries
};

// Ties count: what has the score of the last true answer is as good as it.
static double recall_of(const struct examine_query *query)
{
    const struct examine_hits *truth = &query->truth, *answer = &query->answer;
    size_t good = 0;
    CHECK(truth->count <= EXAMINE_NEAR);
    CHECK(answer->count <= EXAMINE_NEAR);
    if (truth->count == 0)
        return 1;
    for (size_t i = 0; i < answer->count && i < truth->count; i++)
        good += answer->items[i].score >= truth->items[truth->count - 1].score - EXAMINE_SAME;
    return (double)good / (double)truth->count;
}

static_assert((int)EXAMINE_TELLING == (int)EXAMINE_NEAR, "the last of an answer tells");

// Of an answer with fewer hits the walk came to an end, which a search does not believe either.
static double telling_score(const struct examine_query *query)
{
    CHECK(query->answer.count <= EXAMINE_NEAR);
    return query->answer.count == EXAMINE_NEAR
               ? (double)query->answer.items[EXAMINE_TELLING - 1].score
               : -1;
}

static double find_plausible(const struct examine_sample *sample, bool vectors, double least)
{
    double plausible = least;
    CHECK(least >= -1);
    for (size_t i = 0; i < sample->count; i++)
        if ((vectors || !sample->queries[i].between) &&
            recall_of(&sample->queries[i]) < RECALL_WRONG)
            plausible = fmax(plausible, telling_score(&sample->queries[i]) + PLAUSIBLE_MARGIN);
    return plausible;
}

static struct verdict judge_answers(const struct examine_sample *sample, unsigned ef, double least,
                                    double most_implausible)
{
    struct verdict verdict = {
        .ef = ef, .plausible = find_plausible(sample, false, least), .recall_worst = 1};
    size_t plausible = 0, texts = 0;
    verdict.plausible_vectors = find_plausible(sample, true, verdict.plausible);
    CHECK(sample->count > 0);
    CHECK(ef > 0);
    for (size_t i = 0; i < sample->count; i++) {
        double recall = recall_of(&sample->queries[i]);
        if (sample->queries[i].between)
            continue;
        texts++;
        verdict.wrong += recall < RECALL_WRONG;
        if (telling_score(&sample->queries[i]) < verdict.plausible)
            continue;
        plausible++;
        verdict.recall += recall;
        verdict.recall_worst = fmin(verdict.recall_worst, recall);
    }
    CHECK(plausible <= texts);
    verdict.recall /= plausible > 0 ? (double)plausible : 1;
    verdict.implausible = texts > 0 ? 1 - (double)plausible / (double)texts : 1;
    if (verdict.recall < RECALL_WANTED || verdict.implausible > most_implausible)
        verdict.ef = 0;
    return verdict;
}

static enum grove_code ask_sample(struct examination *x, struct examine_sample *sample, unsigned ef,
                                  struct grove_error *error)
{
    struct examine_search *searches =
        arena_alloc_array(&x->arena, sample->count + 1, sizeof *searches);
    CHECK(ef > 0);
    if (!searches)
        return error_no_memory(error, "a sample");
    for (size_t i = 0; i < sample->count; i++)
        searches[i] = (struct examine_search){.vector = sample->queries[i].vector,
                                              .filter = sample->queries[i].filter,
                                              .ef = ef,
                                              .with_list = true,
                                              .hits = &sample->queries[i].answer,
                                              .deep = &sample->queries[i].deep_answer};
    return examine_search_all(x, searches, sample->count, error);
}

// In rows that are compared.
static double walk_cost(unsigned ef)
{
    return (double)KNOB(EXAMINE_EF_ROWS, INT64_C(1000) * ROWS_PER_EF) * ef / 1000;
}

static double cost_of(const struct examination *x, const struct verdict *verdict)
{
    CHECK(verdict->ef > 0);
    return walk_cost(verdict->ef) + verdict->implausible * (double)x->row_count;
}

static double implausible_max(bool last)
{
    return last ? IMPLAUSIBLE_MAX : IMPLAUSIBLE_WANTED;
}

// The ef to take, with its answers in the sample; else the verdict of the last one, with ef 0.
// `last`: there is no further round, and less will do.
static enum grove_code choose_ef(struct examination *x, struct examine_sample *sample, double least,
                                 bool last, struct verdict *ret, struct grove_error *error)
{
    size_t choices = last ? ARRAY_COUNT(ef_choices) : EF_CHOICES_QUICK, i = 0;
    CHECK(sample->count > 0);
    *ret = (struct verdict){.ef = 0};
    for (; i < choices; i++) {
        if (ret->ef > 0 && walk_cost(ef_choices[i]) >= cost_of(x, ret))
            break;
        if (i > 0)
            examine_expect(x, sample->count, 0);
        enum grove_code code = ask_sample(x, sample, ef_choices[i], error);
        if (code != GROVE_OK)
            return code;
        struct verdict verdict = judge_answers(sample, ef_choices[i], least, implausible_max(last));
        if (ret->ef == 0 || (verdict.ef > 0 && cost_of(x, &verdict) < cost_of(x, ret)))
            *ret = verdict;
    }
    if (ret->ef == 0 || ret->ef == ef_choices[i - 1])
        return GROVE_OK;
    examine_expect(x, sample->count, 0);
    return ask_sample(x, sample, ret->ef, error);
}

// --- how deep ------------------------------------------------------------------------------------

// Of the best so many; ties count, as above.
static uint32_t count_deep_missed(const struct examine_query *query, uint32_t wanted)
{
    const struct examine_deep_hits *truth = &query->deep_truth, *answer = &query->deep_answer;
    uint32_t good = 0;
    CHECK(wanted <= truth->count);
    for (uint32_t i = 0; i < answer->count && i < wanted; i++)
        good += answer->items[i].score >= truth->items[wanted - 1].score - EXAMINE_SAME;
    return wanted - good;
}

// Whether the plausible answers of a sample are as good down to there as the best ten have to be,
// and none misses so many rows that less than 0.8 of an answer could be right.
static bool is_good_down_to(const struct examine_sample *sample, const struct verdict *verdict,
                            uint32_t depth)
{
    uint64_t missed = 0, wanted = 0;
    CHECK(sample->count > 0);
    CHECK(depth > EXAMINE_NEAR);
    for (size_t i = 0; i < sample->count; i++) {
        const struct examine_query *query = &sample->queries[i];
        double plausible = query->between ? verdict->plausible_vectors : verdict->plausible;
        if (telling_score(query) < plausible)
            continue;
        uint32_t rows = query->deep_truth.count < depth ? query->deep_truth.count : depth;
        uint32_t lost = count_deep_missed(query, rows);
        if (lost > DEEP_MISSED_MAX)
            return false;
        missed += query->between ? 0 : lost;
        wanted += query->between ? 0 : rows;
    }
    return wanted > 0 && (double)missed <= (1 - RECALL_WANTED) * (double)wanted;
}

// The answers in the sample are those of the verdict's ef.
static uint32_t find_depth(const struct examine_sample *sample, const struct verdict *verdict)
{
    static const uint32_t depths[] = {EXAMINE_DEEP, 32, 24, 20, 16, 12};
    CHECK(verdict->ef > 0);
    for (size_t i = 0; i < ARRAY_COUNT(depths); i++)
        if (is_good_down_to(sample, verdict, depths[i]))
            return depths[i];
    return EXAMINE_NEAR;
}

// --- what was missed -----------------------------------------------------------------------------

static bool was_missed(const struct examine_query *query, const struct examine_near *near)
{
    CHECK(query->answer.count <= EXAMINE_NEAR);
    return !examine_has(&query->answer, near->id) &&
           near->score > examine_worst(&query->answer) + EXAMINE_BETTER;
}

// By the vectors of the missed rows themselves.
static enum grove_code list_neighbours(struct examination *x, const int32_t *ids, size_t count,
                                       struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    CHECK(count > 0 && count <= MISSED_ROWS_MAX);
    pg_add_text(&params, text_of(embed_model_id(x->precision)));
    pg_add_int4_array(&params, &x->arena, ids, count);
    enum grove_code code =
        examine_query(x, &x->arena, "examine_vectors.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    struct examine_hits *hits = arena_alloc_array(&x->arena, count + 1, sizeof *hits);
    struct examine_search *searches = arena_alloc_array(&x->arena, count + 1, sizeof *searches);
    if (!hits || !searches)
        return error_no_memory(error, "missed rows");
    size_t asked = 0;
    CHECK((size_t)rows.count <= count);
    for (int r = 0; r < rows.count; r++) {
        const float *vector = direction_read(pg_bytea(&rows, r, 1), NULL);
        if (vector)
            searches[asked] =
                (struct examine_search){.vector = vector, .exact = true, .hits = &hits[asked]};
        asked += vector != NULL;
    }
    examine_expect(x, 0, asked);
    code = examine_search_all(x, searches, asked, error);
    for (size_t i = 0; code == GROVE_OK && i < asked; i++)
        for (size_t h = 0; h < hits[i].count; h++)
            examine_list_add(&x->list, hits[i].items[h].id);
    return code;
}

struct failure {
    const struct examine_query *query;
    double telling;
};

static int compare_failures(const void *a, const void *b)
{
    const struct failure *x = a, *y = b;
    return (x->telling < y->telling) - (x->telling > y->telling);
}

// The failures that matter are those with the highest scores: what is plausible is above them.
static enum grove_code list_missed(struct examination *x, const struct examine_sample *sample,
                                   struct grove_error *error)
{
    int32_t ids[MISSED_ROWS_MAX];
    size_t count = 0, failed = 0;
    struct failure *failures = arena_alloc_array(&x->arena, sample->count + 1, sizeof *failures);
    CHECK(sample->count <= EXAMINE_QUERIES);
    if (!failures)
        return error_no_memory(error, "missed rows");
    for (size_t i = 0; i < sample->count; i++)
        if (recall_of(&sample->queries[i]) < 1)
            failures[failed++] =
                (struct failure){&sample->queries[i], telling_score(&sample->queries[i])};
    qsort(failures, failed, sizeof *failures, compare_failures);
    for (size_t f = 0; f < failed && f < MISSED_QUERIES_MAX; f++)
        for (size_t t = 0; t < failures[f].query->truth.count; t++) {
            const struct examine_near *near = &failures[f].query->truth.items[t];
            if (!was_missed(failures[f].query, near) || examine_list_has(&x->list, near->id))
                continue;
            examine_list_add(&x->list, near->id);
            CHECK(count < MISSED_ROWS_MAX);
            ids[count++] = near->id;
        }
    return count > 0 ? list_neighbours(x, ids, count, error) : GROVE_OK;
}

// --- rounds --------------------------------------------------------------------------------------

static void report_round(struct examination *x, const struct verdict *any,
                         const struct verdict *filtered, size_t queries)
{
    struct examine_report *report = x->report;
    CHECK(any->ef > 0 || filtered->ef == 0);
    report->queries = (int64_t)queries;
    report->ef = (int)any->ef;
    report->ef_filtered = (int)filtered->ef;
    report->plausible = any->plausible;
    report->plausible_vectors = fmax(any->plausible_vectors, filtered->plausible_vectors);
    report->recall = any->recall;
    report->recall_worst = any->recall_worst;
    if (filtered->ef > 0) {
        report->recall = fmin(report->recall, filtered->recall);
        report->recall_worst = fmin(report->recall_worst, filtered->recall_worst);
    }
    report->reason[0] = '\0';
    if (any->ef == 0)
        text_format(
            report->reason, sizeof report->reason,
            "with ef %u, %zu of %d queries miss more than a tenth, at tenth scores of up to "
            "%.2f",
            ef_choices[ARRAY_COUNT(ef_choices) - 1], any->wrong, EXAMINE_QUERIES,
            any->plausible - PLAUSIBLE_MARGIN);
}

// The best score that is plausible is one for both: what a filter needs may be too much to ask of
// searches without. Then those with a filter are exact.
static enum grove_code judge_filtered(struct examination *x, bool last, struct examine_sample *any,
                                      struct verdict *verdict, struct examine_sample *narrow,
                                      struct verdict *ret, struct grove_error *error)
{
    enum grove_code code =
        examine_make_sample(x, &x->filters, EXAMINE_QUERIES_FILTERED, narrow, error);
    CHECK(x->filters.count > 0);
    if (code == GROVE_OK)
        code = choose_ef(x, narrow, verdict->plausible, last, ret, error);
    if (code != GROVE_OK || verdict->ef == 0 || ret->ef == 0 ||
        ret->plausible <= verdict->plausible)
        return code;
    code = ask_sample(x, any, verdict->ef, error);
    if (code != GROVE_OK)
        return code;
    struct verdict both = judge_answers(any, verdict->ef, ret->plausible, implausible_max(last));
    if (both.ef > 0)
        *verdict = both;
    else
        ret->ef = 0;
    return GROVE_OK;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

// One sample without a filter, and one with; *ret_good: both will do.
static enum grove_code judge_round(struct examination *x, bool last, bool *ret_good,
                                   struct grove_error *error)
{
    static const struct examine_filters none = {.count = 0};
    struct examine_sample any = {NULL, 0}, narrow = {NULL, 0};
    struct verdict verdict = {0}, filtered = {0};
    enum grove_code code = examine_make_sample(x, &none, EXAMINE_QUERIES, &any, error);
    CHECK(x->filters.count <= EXAMINE_FILTERS_MAX);
    if (code == GROVE_OK)
        code = choose_ef(x, &any, -1, last, &verdict, error);
    if (code == GROVE_OK && x->filters.count > 0)
        code = judge_filtered(x, last, &any, &verdict, &narrow, &filtered, error);
    if (code != GROVE_OK)
        return code;
    if (x->filters.count == 0)
        filtered = verdict; // no filter leaves so many rows that it matters
    *ret_good = verdict.ef > 0 && filtered.ef > 0;
    if (verdict.ef == 0)
        filtered.ef = 0;
    report_round(x, &verdict, &filtered, any.count + narrow.count);
    x->report->depth = EXAMINE_NEAR;
    if (verdict.ef > 0)
        x->report->depth = (int)find_depth(&any, &verdict);
    if (filtered.ef > 0 && narrow.count > 0)
        x->report->depth = smaller(x->report->depth, (int)find_depth(&narrow, &filtered));
    if (*ret_good || last)
        return GROVE_OK;
    code = list_missed(x, &any, error);
    return code == GROVE_OK ? list_missed(x, &narrow, error) : code;
}

// Twice the answers: none is the last before it was judged.
void examine_expect_round(struct examination *x)
{
    examine_expect(x, (size_t)2 * EXAMINE_QUERIES, EXAMINE_QUERIES);
    if (examine_needs_filters(x))
        examine_expect(x, (size_t)2 * EXAMINE_QUERIES_FILTERED, EXAMINE_QUERIES_FILTERED);
}

enum grove_code examine_judge(struct examination *x, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    bool good = false;
    CHECK(x->row_count > 0);
    for (int round = 1; code == GROVE_OK && !good && round <= ROUNDS_MAX; round++) {
        if (round > 1)
            examine_expect_round(x);
        code = judge_round(x, round == ROUNDS_MAX, &good, error);
        x->report->rounds = round;
    }
    return code;
}
