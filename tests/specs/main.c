// SPDX-License-Identifier: Apache-2.0
//
// Runs one spec through all orders of its steps.
//
//     specs FILE.spec [--engine conditional|unconditional] [--order "w.one p1.end ..."] [--trace]
//
// Ends with 0 when all orders are as they should be (or, of a spec with a known defect, when it
// still shows), 1 when one is not, 77 when the assets are missing.
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "../support/main.h"
#include "base/clock.h"
#include "orders.h"

struct arguments {
    const char *path, *engine, *order;
    bool trace;
};

static bool read_arguments(int argc, char **argv, struct arguments *ret)
{
    *ret = (struct arguments){NULL};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--trace") == 0)
            ret->trace = true;
        else if (strcmp(argv[i], "--engine") == 0 && i + 1 < argc)
            ret->engine = argv[++i];
        else if (strcmp(argv[i], "--order") == 0 && i + 1 < argc)
            ret->order = argv[++i];
        else if (argv[i][0] != '-' && !ret->path)
            ret->path = argv[i];
        else
            return false;
    }
    return ret->path != NULL;
}

static enum grove_code run_engine(struct orders *orders, const struct arguments *arguments,
                                  bool conditional, struct grove_error *error)
{
    const char *name = conditional ? "conditional" : "unconditional";
    const struct spec *spec = orders->world->spec;
    if (!(conditional ? spec->conditional : spec->unconditional) ||
        (arguments->engine && strcmp(arguments->engine, name) != 0))
        return GROVE_OK;
    int64_t start_us = clock_monotonic_us() - atomic_load(&orders->world->skew_us);
    enum grove_code code = orders_run(orders, conditional, error);
    int64_t end_us = clock_monotonic_us() - atomic_load(&orders->world->skew_us);
    if (code == GROVE_OK)
        printf("%s, %s engine: %lld orders, %.2f s%s\n", spec->name, name, (long long)orders->run,
               (double)(end_us - start_us) / 1e6, orders->failed ? ", the last one failed" : "");
    if (code == GROVE_OK && (orders->failed || arguments->trace))
        orders_print(orders, arguments->path);
    return code;
}

static int run_spec(const struct spec *spec, const struct arguments *arguments)
{
    struct grove_error error;
    static struct world world;
    static struct crew crew;
    static struct orders orders;
    inject_set_knob(INJECT_KNOB_LOAD_PATIENCE_MS, 1); // loads look once and go on
    enum grove_code code = world_open(&world, spec, &error);
    if (code == GROVE_OK) {
        code = crew_open(&crew, &world, &error);
        orders_init(&orders, &world, &crew);
        orders.replay = arguments->order;
        if (code == GROVE_OK)
            code = run_engine(&orders, arguments, true, &error);
        if (code == GROVE_OK && !orders.failed)
            code = run_engine(&orders, arguments, false, &error);
        crew_free(&crew);
    }
    world_release(&world);
    if (code != GROVE_OK) {
        printf("%s: %s\n", spec->name, error.message);
        return EXIT_FAILURE;
    }
    if (!spec->defect[0])
        return orders.failed ? EXIT_FAILURE : EXIT_SUCCESS;
    bool known = orders.failed && strstr(orders.check.failure, spec->shows);
    printf(known           ? "known: %s\n"
           : orders.failed ? "not what is known (%s)\n"
                           : "no longer so, take the line out: %s\n",
           spec->defect);
    return known ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    struct grove_error error;
    static struct spec spec;
    if (!read_arguments(argc, argv, &arguments)) {
        fprintf(stderr, "usage: specs FILE.spec [--engine conditional|unconditional] "
                        "[--order \"STEP ...\"] [--trace]\n");
        return 2;
    }
    if (spec_read(arguments.path, &spec, &error) != GROVE_OK) {
        fprintf(stderr, "%s\n", error.message);
        return EXIT_FAILURE;
    }
    if (!test_assets_there()) {
        printf("skipped: the assets are missing\n");
        return TEST_SKIPPED;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    int status = run_spec(&spec, &arguments);
    test_home_end();
    return status;
}
