// SPDX-License-Identifier: Apache-2.0
//
// bench_chunks MODEL_FOLDER FOLDER DOCUMENTS [TOKENS:OVERLAP ...]: of questions about facts in long
// documents (documents.py), how many find their document among the ten best, where documents are
// embedded whole, and where they are split into chunks of at most TOKENS with OVERLAP. All vectors
// are compared, so that nothing but the splitting makes a difference. Prints a line for each.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "embed/split.h"

enum { ARENA_BYTES_MAX = 1 << 30, BEST = 10, LINE_MAX_BYTES = 1 << 20 };

struct question {
    struct text text;
    size_t document;
    int words; // of the document before the answer
};

struct bench {
    struct embedder *embedder;
    struct arena arena, chunks_arena;
    struct text *titles, *bodies, *keys;
    size_t document_count;
    struct question *questions;
    size_t question_count;
    float *question_vectors;
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void die(const char *what)
{
    fprintf(stderr, "bench_chunks: %s\n", what);
    exit(1);
}

static void must(enum grove_code code, const struct grove_error *error)
{
    if (code != GROVE_OK)
        die(error->message);
}

static void *room_for(size_t count, size_t size)
{
    void *room = calloc(count, size);
    if (!room)
        die("out of memory");
    return room;
}

static struct text keep(struct bench *bench, yyjson_val *object, const char *name)
{
    struct text text = json_text(yyjson_obj_get(object, name));
    return (struct text){arena_copy(&bench->arena, text), text.length};
}

static FILE *open_lines(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    if (!file)
        die(path);
    return file;
}

static void read_documents(struct bench *bench, const char *folder, size_t most)
{
    FILE *file = open_lines(folder, "documents.jsonl");
    char *line = room_for(1, LINE_MAX_BYTES);
    bench->titles = room_for(most, sizeof *bench->titles);
    bench->bodies = room_for(most, sizeof *bench->bodies);
    bench->keys = room_for(most, sizeof *bench->keys);
    while (bench->document_count < most && fgets(line, LINE_MAX_BYTES, file)) {
        yyjson_doc *document = yyjson_read(line, strlen(line), 0);
        yyjson_val *root = yyjson_doc_get_root(document);
        bench->titles[bench->document_count] = keep(bench, root, "title");
        bench->keys[bench->document_count] = keep(bench, root, "document");
        bench->bodies[bench->document_count++] = keep(bench, root, "body");
        yyjson_doc_free(document);
    }
    free(line);
    fclose(file);
}

static void read_questions(struct bench *bench, const char *folder)
{
    FILE *file = open_lines(folder, "questions.jsonl");
    char line[4096];
    bench->questions = room_for(bench->document_count * 16, sizeof *bench->questions);
    while (fgets(line, sizeof line, file) && bench->question_count < bench->document_count * 16) {
        yyjson_doc *document = yyjson_read(line, strlen(line), 0);
        yyjson_val *root = yyjson_doc_get_root(document);
        struct text key = json_text(yyjson_obj_get(root, "document"));
        size_t i = 0;
        while (i < bench->document_count && !text_equal(bench->keys[i], key))
            i++;
        if (i < bench->document_count)
            bench->questions[bench->question_count++] = (struct question){
                keep(bench, root, "question"), i, yyjson_get_int(yyjson_obj_get(root, "words"))};
        yyjson_doc_free(document);
    }
    fclose(file);
}

static float *embed(struct bench *bench, const struct text *texts, size_t count)
{
    struct grove_error error;
    float *vectors = room_for(count, EMBED_DIMENSION * sizeof *vectors);
    must(embedder_embed(bench->embedder, texts, count, vectors, NULL, &error), &error);
    return vectors;
}

// --- one way of splitting ------------------------------------------------------------------------

struct passages {
    struct text *texts; // as they are embedded
    size_t *documents;
    size_t count, max;
    double split_seconds;
};

static void add_passage(struct bench *bench, struct passages *passages, struct text title,
                        struct text text, size_t document)
{
    if (passages->count == passages->max) {
        passages->max = passages->max ? passages->max * 2 : 1024;
        passages->texts = realloc(passages->texts, passages->max * sizeof *passages->texts);
        passages->documents =
            realloc(passages->documents, passages->max * sizeof *passages->documents);
        if (!passages->texts || !passages->documents)
            die("out of memory");
    }
    char *whole =
        arena_printf(&bench->chunks_arena, "%.*s\n%.*s", TEXT_ARGS(title), TEXT_ARGS(text));
    passages->texts[passages->count] = text_of(whole);
    passages->documents[passages->count++] = document;
}

static void split_all(struct bench *bench, const struct split_options *options,
                      struct passages *passages)
{
    for (size_t d = 0; d < bench->document_count; d++) {
        struct split_options now = {bench->titles[d], options->tokens_max, options->overlap};
        struct split_chunk *chunks;
        struct grove_error error;
        size_t count;
        double start = seconds();
        must(embedder_split(bench->embedder, bench->bodies[d], &now, &bench->chunks_arena, &chunks,
                            &count, &error),
             &error);
        passages->split_seconds += seconds() - start;
        for (size_t i = 0; i < count; i++)
            add_passage(bench, passages, chunks[i].title, chunks[i].text, d);
    }
}

// At what place among the documents the question's own is, from 0.
static size_t rank_of(const struct bench *bench, const struct passages *passages,
                      const float *vectors, size_t question, float *best)
{
    const float *query = bench->question_vectors + question * EMBED_DIMENSION;
    size_t own = bench->questions[question].document, before = 0;
    for (size_t d = 0; d < bench->document_count; d++)
        best[d] = -2;
    for (size_t p = 0; p < passages->count; p++) {
        float sum = 0;
        for (size_t i = 0; i < EMBED_DIMENSION; i++)
            sum += query[i] * vectors[p * EMBED_DIMENSION + i];
        if (sum > best[passages->documents[p]])
            best[passages->documents[p]] = sum;
    }
    for (size_t d = 0; d < bench->document_count; d++)
        before += best[d] > best[own];
    return before;
}

static void measure(struct bench *bench, const char *name, const struct passages *passages)
{
    enum { EARLY_WORDS = 180 }; // what the model reads of a document, roughly
    double start = seconds();
    float *vectors = embed(bench, passages->texts, passages->count);
    double took = seconds() - start;
    float *best = room_for(bench->document_count, sizeof *best);
    size_t found = 0, found_late = 0, late = 0;
    for (size_t q = 0; q < bench->question_count; q++) {
        bool is_late = bench->questions[q].words > EARLY_WORDS;
        bool hit = rank_of(bench, passages, vectors, q, best) < BEST;
        late += is_late;
        found += hit;
        found_late += hit && is_late;
    }
    printf("%-10s %7zu passages  recall@10 %.3f  beyond the beginning %.3f  split %6.2f s  embed "
           "%6.1f s\n",
           name, passages->count, (double)found / (double)bench->question_count,
           (double)found_late / (double)late, passages->split_seconds, took);
    fflush(stdout);
    free(best);
    free(vectors);
}

static void measure_way(struct bench *bench, const char *way)
{
    struct passages passages = {0};
    struct split_options options = {0};
    arena_init(&bench->chunks_arena, ARENA_BYTES_MAX);
    if (sscanf(way, "%u:%u", &options.tokens_max, &options.overlap) < 1) {
        for (size_t d = 0; d < bench->document_count; d++)
            add_passage(bench, &passages, bench->titles[d], bench->bodies[d], d);
    } else {
        split_all(bench, &options, &passages);
    }
    measure(bench, way, &passages);
    free(passages.texts);
    free(passages.documents);
    arena_release(&bench->chunks_arena);
}

int main(int argc, char **argv)
{
    if (argc < 4)
        die("bench_chunks MODEL_FOLDER FOLDER DOCUMENTS [whole | TOKENS:OVERLAP ...]");
    struct bench *bench = room_for(1, sizeof *bench);
    struct grove_error error;
    struct embedder_options options = {.folder = argv[1], .precision = EMBED_REDUCED};
    must(embedder_open(&options, &bench->embedder, &error), &error);
    arena_init(&bench->arena, ARENA_BYTES_MAX);
    read_documents(bench, argv[2], strtoul(argv[3], NULL, 10));
    read_questions(bench, argv[2]);
    struct text *questions = room_for(bench->question_count, sizeof *questions);
    for (size_t i = 0; i < bench->question_count; i++)
        questions[i] = bench->questions[i].text;
    bench->question_vectors = embed(bench, questions, bench->question_count);
    for (int i = 4; i < argc; i++)
        measure_way(bench, argv[i]);
    free(questions);
    free(bench->question_vectors);
    free(bench->questions);
    free(bench->titles);
    free(bench->bodies);
    free(bench->keys);
    arena_release(&bench->arena);
    embedder_free(bench->embedder);
    free(bench);
    return 0;
}
