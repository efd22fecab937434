// SPDX-License-Identifier: Apache-2.0
//
// The tokenizer as a program, for tests/tokenizer/differential.py.
//
//     grove_tokenize ids VOCABULARY TEXTS            a line of ids for each text
//     grove_tokenize speed VOCABULARY TEXTS ROUNDS   one JSON object: time to open, MB/s
//
// TEXTS is a file of texts, each behind its length in bytes (4 bytes, the lowest first), so that
// they may hold anything, NUL and line ends too. The speed is that of one thread, over whole
// texts: one that is cut at 256 tokens is refused, since its end would count as read.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "embed/tokenizer.h"

enum { ROUNDS_MAX = 1000 };

struct job {
    struct text vocabulary;
    struct text texts;
    struct tokenizer tokenizer;
};

struct run {
    size_t texts, bytes, tokens;
    bool cut; // some text has as many tokens as there may be
};

static void fail(const char *message)
{
    fprintf(stderr, "grove_tokenize: %s\n", message);
    exit(1);
}

static struct text map_file(const char *path)
{
    struct file_map map;
    struct grove_error error;
    if (file_map_open(path, &map, &error) != GROVE_OK)
        fail(error.message);
    return (struct text){(const char *)map.data, map.size_bytes};
}

// Takes the next text off *rest; false when there is none.
static bool take_text(struct text *rest, struct text *ret_text)
{
    if (rest->length == 0)
        return false;
    const unsigned char *head = (const unsigned char *)rest->data;
    if (rest->length < 4)
        fail("the file of texts ends within a length");
    size_t length = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
    if (length > rest->length - 4)
        fail("the file of texts ends within a text");
    *ret_text = (struct text){rest->data + 4, length};
    *rest = (struct text){rest->data + 4 + length, rest->length - 4 - length};
    return true;
}

static void print_ids(const struct job *job)
{
    struct text rest = job->texts, text;
    int32_t ids[EMBED_TOKENS_MAX];
    while (take_text(&rest, &text)) {
        if (text_utf8_error(text) != text.length)
            fail("a text is not UTF-8");
        size_t count = tokenizer_encode(&job->tokenizer, text, ids);
        for (size_t i = 0; i < count; i++)
            printf(i + 1 < count ? "%d " : "%d\n", ids[i]);
    }
}

static struct run run_once(const struct job *job)
{
    struct run run = {0};
    struct text rest = job->texts, text;
    int32_t ids[EMBED_TOKENS_MAX];
    while (take_text(&rest, &text)) {
        size_t count = tokenizer_encode(&job->tokenizer, text, ids);
        run.texts++;
        run.bytes += text.length;
        run.tokens += count;
        run.cut = run.cut || count == EMBED_TOKENS_MAX;
    }
    return run;
}

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

// Opens the vocabulary once more than it is open, and sorts the times.
static void time_opening(const struct job *job, int64_t *ret_us, size_t rounds)
{
    for (size_t i = 0; i < rounds; i++) {
        struct tokenizer tokenizer;
        struct grove_error error;
        int64_t start = clock_monotonic_us();
        if (tokenizer_open(&tokenizer, job->vocabulary, "vocabulary", &error) != GROVE_OK)
            fail(error.message);
        ret_us[i] = clock_monotonic_us() - start;
        tokenizer_release(&tokenizer);
    }
    qsort(ret_us, rounds, sizeof ret_us[0], compare_times);
}

static void print_speed(const struct job *job, size_t rounds)
{
    static int64_t opening_us[ROUNDS_MAX], reading_us[ROUNDS_MAX];
    time_opening(job, opening_us, rounds);
    struct run run = run_once(job);
    if (run.bytes == 0 || run.cut)
        fail(run.cut ? "a text has 256 tokens: it may have been cut" : "there are no texts");
    for (size_t i = 0; i < rounds; i++) {
        int64_t start = clock_monotonic_us();
        run_once(job);
        reading_us[i] = clock_monotonic_us() - start;
    }
    qsort(reading_us, rounds, sizeof reading_us[0], compare_times);
    double bytes = (double)run.bytes;
    printf("{\"texts\": %zu, \"bytes\": %zu, \"tokens\": %zu, \"rounds\": %zu, "
           "\"open_ms_best\": %.3f, \"open_ms_median\": %.3f, "
           "\"mb_s_best\": %.1f, \"mb_s_median\": %.1f}\n",
           run.texts, run.bytes, run.tokens, rounds, (double)opening_us[0] / 1e3,
           (double)opening_us[rounds / 2] / 1e3, bytes / (double)reading_us[0],
           bytes / (double)reading_us[rounds / 2]);
}

int main(int argument_count, char **arguments)
{
    bool ids = argument_count == 4 && strcmp(arguments[1], "ids") == 0;
    int64_t rounds = 0;
    bool speed = argument_count == 5 && strcmp(arguments[1], "speed") == 0 &&
                 text_to_int64(text_of(arguments[4]), &rounds) && rounds >= 1 &&
                 rounds <= ROUNDS_MAX;
    if (!ids && !speed) {
        fprintf(stderr, "usage: grove_tokenize ids VOCABULARY TEXTS\n"
                        "       grove_tokenize speed VOCABULARY TEXTS ROUNDS\n");
        return 2;
    }
    struct job job = {.vocabulary = map_file(arguments[2]), .texts = map_file(arguments[3])};
    struct grove_error error;
    if (tokenizer_open(&job.tokenizer, job.vocabulary, arguments[2], &error) != GROVE_OK)
        fail(error.message);
    if (ids)
        print_ids(&job);
    else
        print_speed(&job, (size_t)rounds);
    tokenizer_release(&job.tokenizer);
    return 0;
}
