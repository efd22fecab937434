// SPDX-License-Identifier: Apache-2.0
//
// The library's calls as a program makes them that knows nothing but the installed header; its
// home has the sample.
//
//     calls threads COUNT ROUNDS    COUNT threads at once on one handle
//     calls misuse                  what must be refused is, and leaves results alone
//     calls results                 results outlive their handle; the JSON of one
//     calls locale                  a decimal comma of the host's is nowhere in what grove writes
//     calls closed                  with no standard input, output and error: as before, and what
//                                   is printed meanwhile goes nowhere
//     calls cancel                  another thread ends a call
//     calls recall                  rows that are deleted meanwhile are not missed; $MEANWHILE is
//                                   the command that deletes them
#include <grove/grove.h>

#include <ctype.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition);                        \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

enum { TEXTS = 4, LIMIT = 5, THREADS_MAX = 256 };

static const char *const texts[TEXTS] = {"baptism of believers", "the oneness of God",
                                         "the end of suffering", "grace and works"};

static struct grove *open_handle(void)
{
    struct grove_error error;
    struct grove *grove;
    if (grove_open(NULL, &grove, &error) != GROVE_OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    return grove;
}

// --- threads -------------------------------------------------------------------------------------

static struct grove *shared;
static int32_t expected[TEXTS][LIMIT];
static pthread_barrier_t together;
static atomic_uint wrong;
static unsigned rounds;

static bool search_once(unsigned which, int32_t ret_ids[LIMIT])
{
    struct grove_search_request request = {.text = texts[which], .limit = LIMIT};
    struct grove_result *result;
    struct grove_error error;
    if (grove_search(shared, &request, &result, &error) != GROVE_OK) {
        fprintf(stderr, "%s (%s)\n", error.message, error.detail);
        return false;
    }
    bool good = result->complete && !result->degraded && result->row_count == LIMIT;
    for (size_t i = 0; good && i < LIMIT; i++) {
        ret_ids[i] = result->rows[i].content_id;
        good = i == 0 || result->rows[i].score <= result->rows[i - 1].score;
    }
    if (!good)
        fprintf(stderr, "%zu rows, not in order, or not whole: %s%s\n", result->row_count,
                result->incomplete_reason ? result->incomplete_reason : "",
                result->degraded_reason ? result->degraded_reason : "");
    grove_result_free(result);
    return good;
}

static bool browse_once(void)
{
    struct grove_browse_request request = {.filter.path = "religion"};
    struct grove_result *result;
    struct grove_error error;
    if (grove_browse(shared, &request, &result, &error) != GROVE_OK)
        return false;
    bool good = result->total == 8 && result->row_count == 8;
    grove_result_free(result);
    return good;
}

static bool fail_once(void)
{
    struct grove_browse_request request = {.filter.path = "religion/Nowhere"};
    struct grove_result *result;
    struct grove_error error;
    return grove_browse(shared, &request, &result, &error) == GROVE_NOT_FOUND &&
           strstr(error.message, "Nowhere") && error.hint[0];
}

static void *work(void *state)
{
    unsigned number = *(const unsigned *)state;
    pthread_barrier_wait(&together);
    for (unsigned i = 0; i < rounds; i++) {
        int32_t ids[LIMIT];
        unsigned which = (number + i) % TEXTS;
        bool good = search_once(which, ids) && memcmp(ids, expected[which], sizeof ids) == 0;
        if (good && number % 3 == 0)
            good = browse_once();
        if (good && number % 5 == 0)
            good = fail_once();
        if (!good)
            atomic_fetch_add(&wrong, 1);
    }
    return NULL;
}

static void run_threads(unsigned count)
{
    pthread_t threads[THREADS_MAX];
    unsigned numbers[THREADS_MAX];
    EXPECT(count > 0 && count <= THREADS_MAX);
    shared = open_handle();
    for (unsigned i = 0; i < TEXTS; i++)
        EXPECT(search_once(i, expected[i]));
    EXPECT(pthread_barrier_init(&together, NULL, count) == 0);
    for (unsigned i = 0; i < count; i++) {
        numbers[i] = i;
        EXPECT(pthread_create(&threads[i], NULL, work, &numbers[i]) == 0);
    }
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    grove_close(shared);
    printf("%u rounds, %u wrong\n", count * rounds, atomic_load(&wrong));
}

// --- misuse --------------------------------------------------------------------------------------

static void refuse_search(struct grove *grove, struct grove_search_request request,
                          enum grove_code code)
{
    struct grove_result *const untouched = (struct grove_result *)&texts, *result = untouched;
    struct grove_error error;
    EXPECT(grove_search(grove, &request, &result, &error) == code);
    EXPECT(error.code == code && error.message[0] && result == untouched);
}

static void misuse_search(struct grove *grove)
{
    float vector[GROVE_DIMENSION] = {0};
    const char *const types[] = {"Doctrine", ""};
    refuse_search(grove, (struct grove_search_request){.limit = 1}, GROVE_INVALID);
    refuse_search(grove, (struct grove_search_request){.vector = vector}, GROVE_INVALID);
    vector[7] = NAN;
    refuse_search(grove, (struct grove_search_request){.vector = vector}, GROVE_INVALID);
    vector[7] = -INFINITY;
    refuse_search(grove, (struct grove_search_request){.vector = vector}, GROVE_INVALID);
    refuse_search(grove, (struct grove_search_request){.text = ""}, GROVE_INVALID);
    refuse_search(grove, (struct grove_search_request){.text = "caf\xe9"}, GROVE_INVALID);
    refuse_search(grove, (struct grove_search_request){.text = "x", .limit = GROVE_LIMIT_MAX + 1},
                  GROVE_INVALID);
    refuse_search(grove, (struct grove_search_request){.text = "x", .filter.path = "nowhere"},
                  GROVE_NOT_FOUND);
    refuse_search(grove, (struct grove_search_request){.text = "x", .filter.path = "a\xff"},
                  GROVE_INVALID);
    refuse_search(grove, (struct grove_search_request){.text = "x", .filter.words_min = -1},
                  GROVE_INVALID);
    refuse_search(grove,
                  (struct grove_search_request){
                      .text = "x", .filter.content_types = types, .filter.content_type_count = 2},
                  GROVE_INVALID);
    refuse_search(grove,
                  (struct grove_search_request){
                      .text = "x", .filter.created_since_us = 2, .filter.created_until_us = 1},
                  GROVE_INVALID);
}

static void misuse(void)
{
    struct grove *grove = open_handle(), *other = NULL;
    struct grove_error error;
    struct grove_result *result = NULL;
    float vector[GROVE_DIMENSION];
    const char *bad = "\xc3(";
    misuse_search(grove);
    struct grove_discover_request discover = {.text = "x", .score_min = NAN};
    EXPECT(grove_discover(grove, &discover, &result, &error) == GROVE_INVALID);
    discover = (struct grove_discover_request){.text = "x", .depth = GROVE_DEPTH_MAX + 1};
    EXPECT(grove_discover(grove, &discover, &result, &error) == GROVE_INVALID);
    discover = (struct grove_discover_request){.text = "x", .cursor = "zzz"};
    EXPECT(grove_discover(grove, &discover, &result, &error) == GROVE_INVALID);
    struct grove_browse_request browse = {.limit = 1};
    EXPECT(grove_browse(grove, &browse, &result, &error) == GROVE_INVALID && !result);
    EXPECT(grove_embed(grove, &bad, 1, vector, &error) == GROVE_INVALID);
    struct grove_load_request load = {.file_count = 0};
    EXPECT(grove_load(grove, &load, NULL, &error) == GROVE_INVALID);
    struct grove_options options = {.connections_max = 100000};
    EXPECT(grove_open(&options, &other, &error) == GROVE_INVALID && !other);
    options = (struct grove_options){.database_url = "postgresql://u:secret@[::1/x"};
    EXPECT(grove_open(&options, &other, &error) == GROVE_INVALID && !other);
    EXPECT(!strstr(error.message, "secret") && !strstr(error.detail, "secret"));
    options = (struct grove_options){.collection = "no/name"};
    EXPECT(grove_open(&options, &other, &error) == GROVE_INVALID && !other);
    grove_result_free(NULL);
    grove_close(NULL);
    grove_free(NULL);
    grove_close(grove);
    puts("good");
}

// --- results -------------------------------------------------------------------------------------

static void results(void)
{
    struct grove *grove = open_handle();
    struct grove_error error;
    struct grove_result *result;
    float vector[GROVE_DIMENSION];
    EXPECT(grove_embed(grove, texts, 1, vector, &error) == GROVE_OK);
    double length = 0;
    for (size_t i = 0; i < GROVE_DIMENSION; i++)
        length += (double)vector[i] * (double)vector[i];
    EXPECT(fabs(length - 1) < 1e-5);
    struct grove_search_request request = {.vector = vector, .limit = 3, .explain = true};
    EXPECT(grove_search(grove, &request, &result, &error) == GROVE_OK);
    grove_close(grove);
    EXPECT(result->row_count == 3 && result->complete && !result->incomplete_reason);
    EXPECT(strstr(result->rows[0].title, "Baptism") && result->rows[0].score > 0.3);
    EXPECT(strcmp(result->rows[0].tree, "religion") == 0);
    EXPECT(strcmp(result->rows[0].hierarchy_table, "religion_hierarchy") == 0);
    EXPECT(result->rows[0].created_at_us != GROVE_NULL && result->rows[0].word_count >= 100);
    EXPECT(result->explain && result->explain->stage_count > 2 && result->explain->plan);
    char *json = grove_result_json(result);
    EXPECT(json && json[0] == '{' && strstr(json, "\"complete\":true") &&
           strstr(json, "\"results\":["));
    grove_free(json);
    grove_result_free(result);
    puts("good");
}

// --- cancel --------------------------------------------------------------------------------------

static void *watch(void *state)
{
    static enum grove_code code;
    struct grove_error error;
    struct grove_sync_request request = {.watch = true};
    code = grove_sync(state, &request, NULL, &error);
    return &code;
}

static void cancel(void)
{
    struct grove *grove = open_handle();
    struct grove_error error;
    pthread_t thread;
    void *code;
    EXPECT(grove_init(grove, NULL, &error) == GROVE_OK);
    EXPECT(pthread_create(&thread, NULL, watch, grove) == 0);
    nanosleep(&(struct timespec){.tv_nsec = 300 * 1000 * 1000}, NULL);
    time_t began = time(NULL);
    grove_cancel(grove);
    EXPECT(pthread_join(thread, &code) == 0);
    EXPECT(time(NULL) - began <= 5);
    EXPECT(*(enum grove_code *)code == GROVE_OK || *(enum grove_code *)code == GROVE_CANCELLED);
    grove_close(grove);
    puts("good");
}

// --- the host's own ------------------------------------------------------------------------------

static bool has_decimal_comma(const char *text)
{
    for (const char *comma = text; (comma = strchr(comma, ',')); comma++)
        if (comma > text && isdigit((unsigned char)comma[-1]) && isdigit((unsigned char)comma[1]))
            return true;
    return false;
}

static void see_finding(void *state, const struct grove_finding *finding)
{
    unsigned *count = state;
    EXPECT(!has_decimal_comma(finding->text));
    ++*count;
}

// `name` is of a locale that writes 0,5 for a half.
static void foreign_locale(const char *name, const char *path)
{
    char half[8];
    unsigned findings = 0;
    struct grove_error error;
    struct grove_result *result;
    struct grove_load_progress loaded;
    EXPECT(setlocale(LC_ALL, name) != NULL);
    snprintf(half, sizeof half, "%.1f", 0.5);
    EXPECT(strcmp(half, "0,5") == 0);

    struct grove *grove = open_handle();
    struct grove_load_request load = {.files = &path, .file_count = 1};
    EXPECT(grove_load(grove, &load, &loaded, &error) == GROVE_OK);
    EXPECT(loaded.rows_read == 2 && loaded.rows_bad == 0);
    struct grove_search_request request = {
        .text = "grace", .limit = LIMIT, .explain = true, .filter.path = "religion"};
    EXPECT(grove_search(grove, &request, &result, &error) == GROVE_OK);
    char *json = grove_result_json(result);
    EXPECT(json && strstr(json, "\"score\":0.") && strstr(json, "\"milliseconds\":"));
    *strstr(json, "\"plan\"") = '\0'; // PostgreSQL's words, with lists of numbers in them
    EXPECT(!has_decimal_comma(json));
    EXPECT(!has_decimal_comma(result->explain->proof));
    grove_free(json);
    grove_result_free(result);
    struct grove_discover_request discover = {.text = "grace", .score_min = 1.5};
    EXPECT(grove_discover(grove, &discover, &result, &error) == GROVE_INVALID);
    EXPECT(strstr(error.message, "1.5") && !has_decimal_comma(error.message));
    EXPECT(grove_doctor(NULL, see_finding, &findings, &error) == GROVE_OK);
    EXPECT(findings > 5);
    grove_close(grove);
    snprintf(half, sizeof half, "%.1f", 0.5);
    EXPECT(strcmp(half, "0,5") == 0); // the host's own is as it was
    puts("good");
}

static atomic_bool printing;

// What a host does that does not know that its output is closed.
static void *print_on(void *state)
{
    atomic_uint *went_somewhere = state;
    while (atomic_load(&printing))
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
            if (write(fd, "host's", 6) >= 0)
                atomic_fetch_add(went_somewhere, 1);
    return NULL;
}

static void closed(const char *path)
{
    int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    atomic_uint went_somewhere = 0;
    pthread_t thread;
    struct grove_error error;
    int32_t ids[LIMIT];
    struct grove_load_progress loaded;
    EXPECT(kept >= 10);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        close(fd);
    atomic_store(&printing, true);
    if (pthread_create(&thread, NULL, print_on, &went_somewhere) != 0)
        exit(3);
    bool good = grove_open(NULL, &shared, &error) == GROVE_OK;
    struct grove_load_request load = {.files = &path, .file_count = 1};
    good = good && grove_load(shared, &load, &loaded, &error) == GROVE_OK;
    good = good && search_once(0, ids) && browse_once();
    // The connections stay open.
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        good = good && fcntl(fd, F_GETFD) < 0;
    grove_close(good ? shared : NULL);
    atomic_store(&printing, false);
    pthread_join(thread, NULL);
    dprintf(kept, "%s, %u\n", good ? "good" : error.message, atomic_load(&went_somewhere));
}

// --- recall --------------------------------------------------------------------------------------

// After the first query, when the sample has been read and no search is under way.
static void delete_rows(void *state, unsigned done, unsigned wanted)
{
    bool *deleted = state;
    EXPECT(done <= wanted);
    if (done == 1)
        *deleted = system(getenv("MEANWHILE")) == 0;
}

static void recall(void)
{
    struct grove *grove = open_handle();
    struct grove_error error;
    struct grove_recall found;
    bool deleted = false;
    struct grove_recall_request request = {
        .queries = 12, .on_progress = delete_rows, .state = &deleted};
    EXPECT(grove_measure_recall(grove, &request, &found, &error) == GROVE_OK);
    EXPECT(deleted && found.queries == found.queries_wanted && found.queries > 3);
    EXPECT(found.shape_count > 1 && found.shape_count <= GROVE_RECALL_SHAPES_MAX);
    for (size_t i = 0; i < found.shape_count; i++) {
        EXPECT(found.shapes[i].queries == found.queries);
        EXPECT(found.shapes[i].whole == found.queries && found.shapes[i].false_complete == 0);
    }
    request = (struct grove_recall_request){.queries = GROVE_RECALL_QUERIES_MAX + 1};
    EXPECT(grove_measure_recall(grove, &request, &found, &error) == GROVE_INVALID);
    grove_close(grove);
    puts("good");
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "threads") == 0 && argc == 4) {
        rounds = (unsigned)strtoul(argv[3], NULL, 10);
        run_threads((unsigned)strtoul(argv[2], NULL, 10));
    } else if (strcmp(what, "misuse") == 0) {
        misuse();
    } else if (strcmp(what, "results") == 0) {
        results();
    } else if (strcmp(what, "locale") == 0 && argc == 4) {
        foreign_locale(argv[2], argv[3]);
    } else if (strcmp(what, "closed") == 0 && argc == 3) {
        closed(argv[2]);
    } else if (strcmp(what, "cancel") == 0) {
        cancel();
    } else if (strcmp(what, "recall") == 0) {
        recall();
    } else {
        return 2;
    }
    return 0;
}
