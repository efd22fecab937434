// SPDX-License-Identifier: Apache-2.0
//
// bench_pending HOME THREADS SECONDS [PATH]: searches while rows wait in the outbox, by many
// threads of one handle, and prints one JSON object: how long they took, what came of them, and how
// much the most memory of this process rose meanwhile. Nothing is projected by it. Rows that are to
// wait are made with grove psql:
//
//     INSERT INTO content_metadata ... SELECT ... FROM generate_series(1, 4096) AS n;
//     INSERT INTO grove.body SELECT id, string_agg(md5(...), ' ') ...;
//     UPDATE grove.outbox SET not_before = 'infinity';
//
// Each thread has its own query; PATH is a filter for all of them.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "grove/grove.h"

enum { THREADS_MAX = 256, SAMPLES_MAX = 20000, QUERY_SIZE = 64 };

struct crowd {
    struct grove *grove;
    const char *path;
    double until;
    pthread_mutex_t mutex; // guards what follows
    double milliseconds[SAMPLES_MAX];
    size_t samples;
    unsigned failed, incomplete, degraded, limited;
    double limited_slowest;
    char last_error[1024];
};

struct client {
    struct crowd *crowd;
    unsigned number;
    pthread_t thread;
};

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

// Of /proc/self/status, in KB.
static long read_status(const char *name)
{
    char line[256];
    long value = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtol(line + strlen(name), NULL, 10);
    if (file)
        fclose(file);
    return value;
}

static void forget_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file) {
        fputs("5", file);
        fclose(file);
    }
}

static void note(struct crowd *crowd, double took_ms, enum grove_code code,
                 const struct grove_result *result, const struct grove_error *error)
{
    pthread_mutex_lock(&crowd->mutex);
    if (crowd->samples < SAMPLES_MAX)
        crowd->milliseconds[crowd->samples++] = took_ms;
    if (code == GROVE_LIMIT && took_ms > crowd->limited_slowest)
        crowd->limited_slowest = took_ms;
    if (code == GROVE_LIMIT)
        crowd->limited++;
    else if (code != GROVE_OK)
        crowd->failed++;
    else if (!result->complete)
        crowd->incomplete++;
    if (code == GROVE_OK && result->degraded)
        crowd->degraded++;
    const char *said = code != GROVE_OK    ? error->message
                       : result->degraded  ? result->degraded_reason
                       : !result->complete ? result->incomplete_reason
                                           : NULL;
    if (said)
        snprintf(crowd->last_error, sizeof crowd->last_error, "%s", said);
    pthread_mutex_unlock(&crowd->mutex);
}

static void search(struct crowd *crowd, unsigned number)
{
    char text[QUERY_SIZE];
    struct grove_error error;
    struct grove_result *result = NULL;
    snprintf(text, sizeof text, "what is there of number %u", number);
    const struct grove_search_request request = {
        .text = text, .limit = 10, .filter = {.path = crowd->path}};
    double began = now_ms();
    enum grove_code code = grove_search(crowd->grove, &request, &result, &error);
    note(crowd, now_ms() - began, code, result, &error);
    grove_result_free(result);
}

static void *run_client(void *state)
{
    struct client *client = state;
    while (now_ms() < client->crowd->until)
        search(client->crowd, client->number);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void print_report(struct crowd *crowd, double seconds, long before_kb)
{
    qsort(crowd->milliseconds, crowd->samples, sizeof crowd->milliseconds[0], compare);
    size_t last = crowd->samples ? crowd->samples - 1 : 0;
    printf("{\"searches\":%zu,\"per_second\":%.1f,\"p50_ms\":%.1f,\"p99_ms\":%.1f,\"max_ms\":%.1f,"
           "\"failed\":%u,\"limited\":%u,\"limited_max_ms\":%.1f,\"incomplete\":%u,"
           "\"degraded\":%u,\"rose_mb\":%.1f,\"said\":\"%s\"}\n",
           crowd->samples, (double)crowd->samples / seconds, crowd->milliseconds[last / 2],
           crowd->milliseconds[last * 99 / 100], crowd->milliseconds[last], crowd->failed,
           crowd->limited, crowd->limited_slowest, crowd->incomplete, crowd->degraded,
           (double)(read_status("VmHWM:") - before_kb) / 1024, crowd->last_error);
}

int main(int argc, char **argv)
{
    static struct crowd crowd;
    static struct client clients[THREADS_MAX];
    struct grove_error error;
    if (argc < 4) {
        fprintf(stderr, "usage: bench_pending HOME THREADS SECONDS [PATH]\n");
        return 2;
    }
    unsigned threads = (unsigned)strtoul(argv[2], NULL, 10);
    double seconds = strtod(argv[3], NULL);
    if (threads < 1 || threads > THREADS_MAX)
        return 2;
    const struct grove_options options = {.home = argv[1], .no_projector = true};
    if (grove_open(&options, &crowd.grove, &error) != GROVE_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    pthread_mutex_init(&crowd.mutex, NULL);
    crowd.path = argc > 4 ? argv[4] : NULL;
    search(&crowd, 0); // opens the model
    fprintf(stderr, "the first took %.0f ms\n", crowd.milliseconds[0]);
    crowd.samples = crowd.incomplete = crowd.degraded = 0;
    forget_peak();
    long before_kb = read_status("VmRSS:");
    crowd.until = now_ms() + seconds * 1e3;
    for (unsigned i = 0; i < threads; i++) {
        clients[i] = (struct client){.crowd = &crowd, .number = i};
        if (pthread_create(&clients[i].thread, NULL, run_client, &clients[i]) != 0)
            return 1;
    }
    for (unsigned i = 0; i < threads; i++)
        pthread_join(clients[i].thread, NULL);
    print_report(&crowd, seconds, before_kb);
    grove_close(crowd.grove);
    return 0;
}
