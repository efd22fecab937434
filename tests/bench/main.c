// SPDX-License-Identifier: Apache-2.0
//
// grove_bench MODE: measures the home named by GROVE_HOME, which holds a corpus and whose servers
// run, and prints one JSON object. tools/bench prepares the home and makes a table of it all.
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum grove_code run_latencies(struct report *report, const char *argument,
                                     struct grove_error *error)
{
    struct bench bench;
    (void)argument;
    enum grove_code code = bench_open(&bench, false, 0, error);
    if (code != GROVE_OK)
        return code;
    report_number(report, "rows", (double)bench.row_count);
    code = bench_latencies(&bench, report, error);
    report_number(report, "peak_memory_mb", bench_peak_memory_mb());
    bench_close(&bench);
    return code;
}

static enum grove_code run_recall(struct report *report, const char *argument,
                                  struct grove_error *error)
{
    struct bench bench;
    (void)argument;
    enum grove_code code = bench_open(&bench, true, 0, error);
    if (code != GROVE_OK)
        return code;
    code = bench_recall(&bench, report, error);
    bench_close(&bench);
    return code;
}

static enum grove_code run_recall_table(struct report *report, const char *argument,
                                        struct grove_error *error)
{
    struct bench bench;
    enum grove_code code = bench_open(&bench, true, 0, error);
    if (code != GROVE_OK)
        return code;
    code = bench_recall_table(&bench, argument, report, error);
    bench_close(&bench);
    return code;
}

static enum grove_code run_clients(struct report *report, const char *argument,
                                   struct grove_error *error)
{
    struct bench bench;
    (void)argument;
    enum grove_code code = bench_open(&bench, false, 0, error);
    if (code != GROVE_OK)
        return code;
    code = bench_clients(&bench, report, error);
    bench_close(&bench);
    return code;
}

static enum grove_code run_engine(struct report *report, const char *argument,
                                  struct grove_error *error)
{
    struct bench bench;
    enum grove_code code = bench_open(&bench, false, 0, error);
    if (code != GROVE_OK)
        return code;
    code = bench_engine(&bench, argument, report, error);
    bench_close(&bench);
    return code;
}

static enum grove_code run_reads(struct report *report, const char *argument,
                                 struct grove_error *error)
{
    struct bench bench;
    enum grove_code code = bench_open(&bench, false, 0, error);
    if (code != GROVE_OK)
        return code;
    code = bench_reads(&bench, argument, report, error);
    bench_close(&bench);
    return code;
}

static enum grove_code run_stream(struct report *report, const char *argument,
                                  struct grove_error *error)
{
    return bench_stream(argument, report, error);
}

static enum grove_code run_graph(struct report *report, const char *argument,
                                 struct grove_error *error)
{
    (void)report;
    (void)argument;
    return bench_make_graph(error);
}

static const struct mode {
    const char *name;
    bool takes_argument;
    enum grove_code (*run)(struct report *report, const char *argument, struct grove_error *error);
} modes[] = {
    {"latencies", false, run_latencies}, {"recall", false, run_recall},
    {"clients", false, run_clients},     {"engine", true, run_engine},
    {"make-graph", false, run_graph},    {"recall-table", true, run_recall_table},
    {"reads", true, run_reads},          {"stream", true, run_stream},
};

int main(int argument_count, char **arguments)
{
    const struct mode *mode = NULL;
    for (size_t i = 0; argument_count > 1 && i < ARRAY_COUNT(modes); i++)
        if (strcmp(arguments[1], modes[i].name) == 0)
            mode = &modes[i];
    const char *home = getenv("GROVE_HOME");
    if (!mode || argument_count != (mode->takes_argument ? 3 : 2) || !home || !*home) {
        fputs("usage: GROVE_HOME=DIR grove_bench latencies | recall | clients | engine VECTORS | "
              "make-graph | recall-table QUERIES | reads VECTORS | stream VECTORS\n",
              stderr);
        return 2;
    }
    struct report report;
    struct grove_error error;
    report_init(&report);
    enum grove_code code = mode->run(&report, arguments[argument_count - 1], &error);
    report_end(&report);
    if (code != GROVE_OK)
        fprintf(stderr, "grove_bench: %s%s%s\n", error.message, error.context[0] ? ", " : "",
                error.context);
    else if (report.text.failed)
        fputs("grove_bench: out of memory\n", stderr);
    else
        puts(report.text.data);
    bool failed = code != GROVE_OK || report.text.failed;
    report_release(&report);
    return failed;
}
