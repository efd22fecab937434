// SPDX-License-Identifier: Apache-2.0
//
// What tests/bench/embed_run.py measures of src/embed and of the machine.
//
//     bench_embed serve MODEL PRECISION THREADS PASSAGES QUERIES
//     bench_embed first MODEL PRECISION THREADS TEXT    one vector, as soon as possible
//     bench_embed gemm THREADS
//
// MODEL is the model's folder, PRECISION f32 or reduced; PASSAGES and QUERIES are files of texts,
// each ended by a NUL. `serve` and `gemm` read a command a line and answer each with a line of
// JSON, so that several of them can take turns:
//
//     passages               embeds all passages in one call
//     queries FIRST COUNT    embeds these queries one by one
//     vectors TEXTS FILE     writes the texts' vectors as float32
//     counts TEXTS           the texts' numbers of tokens
//     memory                 the process's peak so far
//     gemm                   the machine's best single matrix products (of `gemm` only)
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "embed/embed.h"
#include "embed_gemm.h"

enum { THREADS_MAX = 64 };

struct texts {
    struct file_map map;
    struct text *items; // views into the map
    size_t count;
};

struct served {
    struct embedder *embedder;
    struct texts passages, queries;
    float *vectors; // of the passages
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static bool failed(const struct grove_error *error)
{
    fprintf(stderr, "bench_embed: %s\n", error->message);
    return false;
}

static void texts_close(struct texts *texts)
{
    mem_free(texts->items);
    file_map_release(&texts->map);
    *texts = (struct texts){0};
}

static bool texts_open(const char *path, struct texts *ret_texts)
{
    struct grove_error error;
    struct texts texts = {0};
    if (file_map_open(path, &texts.map, &error) != GROVE_OK)
        return failed(&error);
    const char *data = (const char *)texts.map.data, *end = data + texts.map.size_bytes;
    for (const char *at = data; at < end; at++)
        texts.count += *at == '\0';
    texts.items = mem_alloc_array(texts.count, sizeof texts.items[0]);
    if (!texts.items) {
        texts_close(&texts);
        return false;
    }
    for (size_t i = 0; i < texts.count; i++) {
        size_t length = strlen(data);
        texts.items[i] = (struct text){data, length};
        data += length + 1;
    }
    *ret_texts = texts;
    return true;
}

static bool parse_threads(const char *argument, unsigned *ret_threads)
{
    int64_t threads;
    if (!text_to_int64(text_of(argument), &threads) || threads < 1 || threads > THREADS_MAX) {
        fprintf(stderr, "bench_embed: \"%s\" is no number of threads\n", argument);
        return false;
    }
    *ret_threads = (unsigned)threads;
    return true;
}

static bool open_embedder(const char *const arguments[3], struct embedder **ret_embedder)
{
    struct embedder_options options = {.folder = arguments[0], .precision = EMBED_F32};
    struct grove_error error;
    if (strcmp(arguments[1], "reduced") == 0)
        options.precision = EMBED_REDUCED;
    if (!parse_threads(arguments[2], &options.threads))
        return false;
    return embedder_open(&options, ret_embedder, &error) == GROVE_OK || failed(&error);
}

// --- commands ------------------------------------------------------------------------------------

static bool run_passages(const struct served *served)
{
    struct grove_error error;
    double started = now();
    if (embedder_embed(served->embedder, served->passages.items, served->passages.count,
                       served->vectors, NULL, &error) != GROVE_OK)
        return failed(&error);
    printf("{\"seconds\": %.9f}\n", now() - started);
    return true;
}

static bool run_queries(const struct served *served, size_t first, size_t count)
{
    if (first > served->queries.count || count > served->queries.count - first)
        return false;
    printf("{\"seconds\": [");
    for (size_t i = first; i < first + count; i++) {
        struct grove_error error;
        float vector[EMBED_DIMENSION];
        double started = now();
        if (embedder_embed(served->embedder, &served->queries.items[i], 1, vector, NULL, &error) !=
            GROVE_OK)
            return failed(&error);
        printf("%s%.9f", i == first ? "" : ", ", now() - started);
    }
    printf("]}\n");
    return true;
}

static bool run_vectors(const struct served *served, const struct texts *texts, const char *path)
{
    struct grove_error error;
    size_t numbers = texts->count * EMBED_DIMENSION;
    float *vectors = mem_alloc_array(numbers, sizeof *vectors);
    FILE *file = fopen(path, "wb");
    bool good = vectors && file;
    if (good && embedder_embed(served->embedder, texts->items, texts->count, vectors, NULL,
                               &error) != GROVE_OK)
        good = failed(&error);
    good = good && fwrite(vectors, sizeof *vectors, numbers, file) == numbers;
    if (file && fclose(file) != 0)
        good = false;
    mem_free(vectors);
    if (good)
        printf("{}\n");
    return good;
}

static bool run_counts(const struct served *served, const struct texts *texts)
{
    printf("{\"tokens\": [");
    for (size_t i = 0; i < texts->count; i++) {
        struct grove_error error;
        int32_t ids[EMBED_TOKENS_MAX];
        size_t count;
        if (embedder_tokenize(served->embedder, texts->items[i], ids, &count, &error) != GROVE_OK)
            return failed(&error);
        printf("%s%zu", i == 0 ? "" : ", ", count);
    }
    printf("]}\n");
    return true;
}

static bool run_memory(void)
{
    char line[256];
    int64_t peak_kb = 0;
    FILE *file = fopen("/proc/self/status", "r");
    if (!file)
        return false;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "VmHWM:", 6) != 0)
            continue;
        line[strcspn(line, "k")] = '\0';
        if (!text_to_int64(text_trim(text_of(line + 6)), &peak_kb))
            peak_kb = 0;
    }
    fclose(file);
    printf("{\"peak_kb\": %lld}\n", (long long)peak_kb);
    return true;
}

enum { WORDS_MAX = 3 };

// Cuts the line into words, each ended by a NUL; the number of them.
static size_t split_words(char *line, const char *ret_words[WORDS_MAX])
{
    size_t count = 0;
    line[strcspn(line, "\n")] = '\0';
    while (count < WORDS_MAX && *line) {
        ret_words[count++] = line;
        line += strcspn(line, " ");
        if (*line)
            *line++ = '\0';
    }
    return count;
}

static bool run_on_file(const struct served *served, const char *const *words, size_t count)
{
    struct texts texts;
    if (!texts_open(words[1], &texts))
        return false;
    bool good = count == 3 ? run_vectors(served, &texts, words[2]) : run_counts(served, &texts);
    texts_close(&texts);
    return good;
}

static bool run_command(const struct served *served, char *line)
{
    const char *words[WORDS_MAX] = {""};
    size_t count = split_words(line, words);
    int64_t first, number;
    if (count == 1 && strcmp(words[0], "passages") == 0)
        return run_passages(served);
    if (count == 1 && strcmp(words[0], "memory") == 0)
        return run_memory();
    if (count == 3 && strcmp(words[0], "queries") == 0)
        return text_to_int64(text_of(words[1]), &first) && first >= 0 &&
               text_to_int64(text_of(words[2]), &number) && number >= 0 &&
               run_queries(served, (size_t)first, (size_t)number);
    if ((count == 3 && strcmp(words[0], "vectors") == 0) ||
        (count == 2 && strcmp(words[0], "counts") == 0))
        return run_on_file(served, words, count);
    fprintf(stderr, "bench_embed: there is no command \"%s\" of %zu words\n", words[0], count);
    return false;
}

// --- modes ---------------------------------------------------------------------------------------

static bool serve_lines(const struct served *served, unsigned threads)
{
    char *line = NULL;
    size_t size = 0;
    bool good = true;
    while (good && getline(&line, &size, stdin) > 0) {
        if (served)
            good = run_command(served, line);
        else
            good = gemm_measure(threads, stdout);
        fflush(stdout);
    }
    free(line);
    return good;
}

static bool serve(const char *const arguments[5])
{
    struct served served = {0};
    double started = now();
    if (!open_embedder(arguments, &served.embedder))
        return false;
    printf("{\"open_seconds\": %.6f, \"model\": \"%s\", \"kernels\": \"%s\"}\n", now() - started,
           embedder_model_id(served.embedder), embedder_kernels(served.embedder));
    fflush(stdout);
    bool good =
        texts_open(arguments[3], &served.passages) && texts_open(arguments[4], &served.queries);
    if (good)
        served.vectors =
            mem_alloc_array(served.passages.count, EMBED_DIMENSION * sizeof *served.vectors);
    good = good && served.vectors && serve_lines(&served, 0);
    mem_free(served.vectors);
    texts_close(&served.passages);
    texts_close(&served.queries);
    embedder_free(served.embedder);
    return good;
}

static bool first(const char *const arguments[4])
{
    struct embedder *embedder;
    struct grove_error error;
    struct text text = text_of(arguments[3]);
    float vector[EMBED_DIMENSION];
    double started = now();
    if (!open_embedder(arguments, &embedder))
        return false;
    double opened = now();
    if (embedder_embed(embedder, &text, 1, vector, NULL, &error) != GROVE_OK)
        return failed(&error);
    printf("{\"now\": %.6f, \"open_seconds\": %.6f}\n", now(), opened - started);
    embedder_free(embedder);
    return true;
}

int main(int count, char **values)
{
    const char *const *arguments = (const char *const *)values + 2;
    unsigned threads;
    bool good = false;
    if (count == 7 && strcmp(values[1], "serve") == 0) {
        good = serve(arguments);
    } else if (count == 6 && strcmp(values[1], "first") == 0) {
        good = first(arguments);
    } else if (count == 3 && strcmp(values[1], "gemm") == 0) {
        good = parse_threads(values[2], &threads);
        if (good) {
            printf("{\"library\": \"%s\"}\n", gemm_library());
            fflush(stdout);
        }
        good = good && serve_lines(NULL, threads);
    } else {
        fprintf(stderr, "usage: bench_embed serve|first|gemm ARGUMENTS; see bench_embed.c\n");
    }
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
