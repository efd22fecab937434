// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

void report_init(struct report *report)
{
    strbuf_init(&report->text, 1 << 20);
    strbuf_add_char(&report->text, '{');
}

void report_release(struct report *report)
{
    strbuf_release(&report->text);
}

static void add_name(struct report *report, const char *name)
{
    if (report->text.data[report->text.length - 1] != '{')
        strbuf_add_char(&report->text, ',');
    json_add_string(&report->text, text_of(name));
    strbuf_add_char(&report->text, ':');
}

void report_number(struct report *report, const char *name, double value)
{
    add_name(report, name);
    strbuf_addf(&report->text, "%.10g", value);
}

void report_text(struct report *report, const char *name, const char *value)
{
    add_name(report, name);
    json_add_string(&report->text, text_of(value));
}

void report_begin(struct report *report, const char *name)
{
    add_name(report, name);
    strbuf_add_char(&report->text, '{');
}

void report_end(struct report *report)
{
    strbuf_add_char(&report->text, '}');
}

static int compare_doubles(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

double samples_percentile(const struct samples *samples, double percent)
{
    if (samples->count == 0)
        return 0;
    size_t rank = (size_t)ceil(percent / 100 * (double)samples->count);
    return samples->milliseconds[rank > 0 ? rank - 1 : 0];
}

void report_samples(struct report *report, const char *name, struct samples *samples)
{
    qsort(samples->milliseconds, samples->count, sizeof *samples->milliseconds, compare_doubles);
    report_begin(report, name);
    report_number(report, "p50", samples_percentile(samples, 50));
    report_number(report, "p95", samples_percentile(samples, 95));
    report_number(report, "p99", samples_percentile(samples, 99));
    report_number(report, "count", (double)samples->count);
    report_end(report);
}

double bench_peak_memory_mb(void)
{
    char line[256];
    long long kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %lld kB", &kilobytes) == 1)
            break;
    if (file)
        fclose(file);
    return (double)kilobytes / 1024;
}
