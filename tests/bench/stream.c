// SPDX-License-Identifier: Apache-2.0
//
// Searches one after another, so that whoever does something to the stores sees what it does to
// them. The first line of standard input says how many milliseconds there are between two, and the
// path that all are filtered by, if any. Each takes the next vector of the file, and is a line of
// standard output:
//
//     BEGAN MILLISECONDS OUTCOME
//
// when it began in seconds of the monotonic clock, how long it took, and whether it was "whole",
// "incomplete" (it said so), "degraded" (PostgreSQL answered) or "failed". The report, when
// standard input ends, has what the last of each kind said.
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench.h"

enum { ARENA_BYTES_MAX = 256 << 20, SAID_SIZE = 1024, PAUSE_MS_MAX = 60000 };

enum outcome { WHOLE, INCOMPLETE, DEGRADED, FAILED, OUTCOMES };
static const char *const outcome_names[OUTCOMES] = {"whole", "incomplete", "degraded", "failed"};

struct stream {
    struct grove *grove;
    const char *path; // NULL: no filter
    const float *vectors;
    size_t vector_count;
    char said[OUTCOMES][SAID_SIZE];
};

static enum outcome judge(enum grove_code code, const struct grove_result *result,
                          const struct grove_error *error, const char **ret_said)
{
    *ret_said = "";
    if (code != GROVE_OK) {
        *ret_said = error->message;
        return FAILED;
    }
    if (result->degraded) {
        *ret_said = result->degraded_reason;
        return DEGRADED;
    }
    if (!result->complete) {
        *ret_said = result->incomplete_reason;
        return INCOMPLETE;
    }
    return WHOLE;
}

static void search_one(struct stream *stream, size_t number)
{
    struct grove_error error;
    struct grove_result *result = NULL;
    const char *said;
    const struct grove_search_request request = {
        .vector = stream->vectors + number % stream->vector_count * GROVE_DIMENSION,
        .filter = {.path = stream->path},
        .limit = BENCH_LIMIT};
    int64_t began_us = clock_monotonic_us();
    enum grove_code code = grove_search(stream->grove, &request, &result, &error);
    double milliseconds = (double)(clock_monotonic_us() - began_us) / 1e3;
    enum outcome outcome = judge(code, result, &error, &said);
    snprintf(stream->said[outcome], SAID_SIZE, "%s", said ? said : "");
    printf("%.6f %.3f %s\n", (double)began_us / 1e6, milliseconds, outcome_names[outcome]);
    fflush(stdout);
    if (code == GROVE_OK)
        grove_result_free(result);
}

static bool input_ends_within(int milliseconds)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&input, 1, milliseconds) != 0;
}

// Read by the byte, so that nothing is buffered of what input_ends_within looks at.
static void read_line(char *line, size_t size)
{
    size_t length = 0;
    char byte;
    while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n' && length + 1 < size)
        line[length++] = byte;
    line[length] = '\0';
}

enum grove_code bench_stream(const char *vectors_path, struct report *report,
                             struct grove_error *error)
{
    static char line[BENCH_PATH_SIZE];
    static struct stream stream;
    struct arena arena;
    int64_t pause_ms;
    const struct grove_options options = {0};
    read_line(line, sizeof line);
    struct text path = text_of(line), pause;
    if (!text_split(&path, ' ', &pause) || !text_to_int64(pause, &pause_ms) || pause_ms < 0 ||
        pause_ms > PAUSE_MS_MAX)
        return error_set(error, GROVE_INVALID, "standard input begins with MILLISECONDS PATH");
    stream.path = path.length > 0 ? path.data : NULL; // the end of the line
    arena_init(&arena, ARENA_BYTES_MAX);
    enum grove_code code =
        bench_vectors_read(&arena, vectors_path, &stream.vectors, &stream.vector_count, error);
    if (code == GROVE_OK)
        code = grove_open(&options, &stream.grove, error);
    size_t number = 0;
    while (code == GROVE_OK && !input_ends_within((int)pause_ms))
        search_one(&stream, number++);
    grove_close(stream.grove);
    arena_release(&arena);
    report_number(report, "searches", (double)number);
    for (enum outcome outcome = INCOMPLETE; outcome < OUTCOMES; outcome++)
        report_text(report, outcome_names[outcome], stream.said[outcome]);
    return code;
}
