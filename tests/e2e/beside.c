// SPDX-License-Identifier: Apache-2.0
//
// A process that searches and writes while others upgrade the database: with one handle, again and
// again, until its standard input ends. What its library knows GROVE_KNOBS says (schema-known).
//
//     beside FILE [times]    rows are written by way of FILE, which is its own
//
// Prints "1", "2", ... for each round that was good: a search had an answer that is complete, and a
// row is written; with "times" the milliseconds of both behind the number. A failure is printed,
// and ends it: its code, message and hint, and status 1.
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "grove/grove.h"

static int say_failure(const char *what, const struct grove_error *error)
{
    printf("%s: %d: %s; %s\n", what, (int)error->code, error->message, error->hint);
    return 1;
}

static enum grove_code search(struct grove *grove, bool *ret_complete, struct grove_error *error)
{
    struct grove_search_request request = {.text = "baptism of believers", .limit = 5};
    struct grove_result *result;
    enum grove_code code = grove_search(grove, &request, &result, error);
    if (code != GROVE_OK)
        return code;
    *ret_complete = result->complete && !result->degraded && result->row_count == 5;
    grove_result_free(result);
    return GROVE_OK;
}

static enum grove_code write_row(struct grove *grove, const char *path, unsigned number,
                                 struct grove_error *error)
{
    const struct grove_load_request request = {.files = &path, .file_count = 1, .strict = true};
    FILE *file = fopen(path, "we");
    if (!file) {
        error->code = GROVE_IO;
        return GROVE_IO;
    }
    fprintf(file,
            "{\"tree\": \"subject2\", \"branch\": \"Upgrades\", \"limb\": \"Beside\","
            " \"leaf\": \"Rows\", \"content_type\": \"Note\", \"title\": \"Round %u\","
            " \"summary\": \"Written in round %u.\", \"chunk_number\": %u}\n",
            number, number, number);
    fclose(file);
    return grove_load(grove, &request, NULL, error);
}

static bool is_told_to_end(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&input, 1, 0) != 0;
}

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int work(struct grove *grove, const char *path, bool times)
{
    struct grove_error error = {0};
    for (unsigned number = 1; !is_told_to_end(); number++) {
        bool complete = false;
        double began_ms = now_ms();
        if (search(grove, &complete, &error) != GROVE_OK)
            return say_failure("search", &error);
        if (!complete) {
            puts("search: not complete");
            return 1;
        }
        double searched_ms = now_ms();
        if (write_row(grove, path, number, &error) != GROVE_OK)
            return say_failure("write", &error);
        if (times)
            printf("%u %.3f %.3f\n", number, searched_ms - began_ms, now_ms() - searched_ms);
        else
            printf("%u\n", number);
        fflush(stdout);
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct grove *grove = NULL;
    struct grove_error error;
    if (argc != 2 && argc != 3)
        return 2;
    if (grove_open(NULL, &grove, &error) != GROVE_OK)
        return say_failure("open", &error);
    int status = work(grove, argv[1], argc == 3);
    grove_close(grove);
    return status;
}
