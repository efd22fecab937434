// SPDX-License-Identifier: Apache-2.0
#include "orders.h"

#include <stdio.h>

#include "base/check.h"

void orders_init(struct orders *orders, struct world *world, struct crew *crew)
{
    *orders = (struct orders){.world = world, .crew = crew};
    orders->check = (struct check){.world = world, .crew = crew, .model = &orders->model};
}

static bool fail(struct orders *orders, const char *text)
{
    snprintf(orders->check.failure, sizeof orders->check.failure, "%s", text);
    return false;
}

// --- one order ----------------------------------------------------------------------------------

// Gives steps whose sessions have come to a stop their names.
static void name_steps(struct orders *orders)
{
    for (size_t i = 0; i < orders->count; i++) {
        struct order_step *step = &orders->steps[i];
        const struct session *session = &orders->crew->sessions[step->session];
        if (!step->name[0] && session->state != SESSION_RUNS)
            snprintf(step->name, sizeof step->name, "%s.%s", session->spec->name, session->at);
    }
}

// Looks at sessions that have ended by this step.
static bool check_ends(struct orders *orders)
{
    for (size_t i = 0; i < orders->crew->count; i++) {
        struct session *session = &orders->crew->sessions[i];
        char text[700];
        if (session->state != SESSION_ENDED || session->checked)
            continue;
        session->checked = true;
        if (session->code != GROVE_OK && !session->spec->may_fail) {
            snprintf(text, sizeof text, "expected: %s succeeds\nthere: %s", session->spec->name,
                     session->error.message);
            return fail(orders, text);
        }
        if (session->knows_late) {
            snprintf(text, sizeof text,
                     "expected: %s, whose lease has run out by its own clock, does "
                     "not write\nthere: it went on",
                     session->spec->name);
            return fail(orders, text);
        }
        if (session->code == GROVE_OK && session->spec->kind == SPEC_READER &&
            !check_answer(&orders->check, session))
            return false;
    }
    return true;
}

static bool take_step(struct orders *orders, int chosen, unsigned ready)
{
    struct session *session = &orders->crew->sessions[chosen];
    struct order_step *step = &orders->steps[orders->count++];
    char failure[CREW_FAILURE_SIZE];
    *step = (struct order_step){.ready = ready, .session = chosen};
    if (!session->at[0])
        session->first_state = orders->model.count - 1;
    crew_trace(orders->crew, "%s", session->spec->name);
    bool good = crew_step(orders->crew, session, failure);
    name_steps(orders);
    if (!good)
        return fail(orders, failure);
    crew_take_changes(orders->crew, session, &orders->model);
    return check_ends(orders) && check_moment(&orders->check);
}

// The replayed order's next step; empty behind its last.
static struct text next_word(struct text *rest)
{
    struct text word = {"", 0};
    while (word.length == 0 && text_split(rest, ' ', &word))
        ;
    return word;
}

// The session that takes this step; -1: it names none that can.
static int find_session(const struct orders *orders, unsigned ready, struct text word)
{
    struct text name;
    if (!text_split(&word, '.', &name))
        return -1;
    for (size_t i = 0; i < orders->crew->count; i++)
        if (text_equal(name, text_of(orders->crew->sessions[i].spec->name)) && ready & 1U << i)
            return (int)i;
    return -1;
}

// Whether the order went as it was told. A step that waits has no name yet.
static bool check_name(struct orders *orders, struct text word)
{
    const struct order_step *step = &orders->steps[orders->count - 1];
    char text[128];
    if (word.length == 0 || !step->name[0] || text_equal(word, text_of(step->name)))
        return true;
    snprintf(text, sizeof text, "expected: the step \"%.*s\"\nthere: \"%s\"", TEXT_ARGS(word),
             step->name);
    return fail(orders, text);
}

static bool run_steps(struct orders *orders)
{
    struct text rest = text_of(orders->replay);
    for (;;) {
        bool unfinished;
        unsigned ready = crew_ready(orders->crew, &unfinished);
        if (!unfinished)
            return true;
        if (ready == 0)
            return fail(orders, "expected: somebody can go on\nthere: all wait for each other");
        CHECK(orders->count < ORDER_STEPS_MAX);
        int chosen = __builtin_ctz(ready);
        struct text word = next_word(&rest);
        if (word.length > 0)
            chosen = find_session(orders, ready, word);
        else if (orders->count < orders->given)
            chosen = orders->steps[orders->count].session;
        if (chosen < 0 || !(ready & 1U << chosen))
            return fail(orders, "expected: the order is possible\nthere: this step is not");
        // The same steps must lead to the same choices, or orders would be left out.
        if (orders->count < orders->given && orders->steps[orders->count].ready != ready)
            return fail(orders, "expected: the same steps lead to the same state\nthere: not so");
        if (!take_step(orders, chosen, ready) || !check_name(orders, word))
            return false;
    }
}

static enum grove_code run_order(struct orders *orders, bool conditional, struct grove_error *error)
{
    enum grove_code code = world_begin(orders->world, conditional, error);
    if (code != GROVE_OK)
        return code;
    model_init(&orders->model, orders->world->spec);
    check_begin(&orders->check);
    crew_begin(orders->crew);
    orders->count = 0;
    orders->run++;
    orders->failed = !run_steps(orders);
    crew_release_all(orders->crew);
    if (!orders->failed)
        orders->failed = !check_end(&orders->check);
    return GROVE_OK;
}

// --- all of them --------------------------------------------------------------------------------

// Makes the last choice that can be made otherwise anew. False: there is none.
static bool choose_next(struct orders *orders)
{
    for (size_t i = orders->count; i-- > 0;) {
        struct order_step *step = &orders->steps[i];
        unsigned later = step->ready & ~((2U << step->session) - 1);
        if (later == 0)
            continue;
        step->session = __builtin_ctz(later);
        orders->given = i + 1;
        return true;
    }
    return false;
}

enum grove_code orders_run(struct orders *orders, bool conditional, struct grove_error *error)
{
    orders->run = 0;
    orders->given = 0;
    for (;;) {
        enum grove_code code = run_order(orders, conditional, error);
        if (code != GROVE_OK || orders->failed || orders->replay)
            return code;
        if (!choose_next(orders))
            return GROVE_OK;
        if (orders->run == orders->world->spec->orders_max)
            return error_set(error, GROVE_LIMIT, "there are more than %d orders",
                             orders->world->spec->orders_max);
    }
}

void orders_print(const struct orders *orders, const char *path)
{
    printf("%s\nreplay: specs %s --engine %s --order \"", orders->check.failure, path,
           orders->world->conditional ? "conditional" : "unconditional");
    for (size_t i = 0; i < orders->count; i++) {
        const struct order_step *step = &orders->steps[i];
        if (step->name[0])
            printf("%s%s", i > 0 ? " " : "", step->name);
        else
            printf("%s%s.(waits)", i > 0 ? " " : "",
                   orders->world->spec->sessions[step->session].name);
    }
    printf("\"\nsteps, and calls of the engine:\n%s", orders->crew->trace);
}
