// SPDX-License-Identifier: Apache-2.0
//
// A host whose threads have small stacks: each call is made by a thread of its own, whose stack has
// so many bytes, with nothing beneath it. Calls come from standard input, one a line: a name and
// JSON, as for grove_call; or one of the other names below. Tells for each how it ended, and how
// many bytes of its stack it wrote on.
//
//     shallow BYTES
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "grove/grove.h"
#include "grove/call.h"
#include "grove/contents.h"
#include "grove/stores.h"
#include "grove/subject.h"

enum { LINE_SIZE = 1 << 20, PAINT = 0xA5 };

struct deed {
    const char *name, *json;
    enum grove_code code;
    char message[sizeof((struct grove_error *)NULL)->message];
};

static struct grove *handle;

static enum grove_code open_handle(const char *json, struct grove_error *error)
{
    (void)json;
    return grove_open(NULL, &handle, error);
}

static enum grove_code close_handle(const char *json, struct grove_error *error)
{
    (void)json;
    (void)error;
    grove_close(handle);
    handle = NULL;
    return GROVE_OK;
}

static enum grove_code init(const char *json, struct grove_error *error)
{
    unsigned applied;
    (void)json;
    return grove_init(handle, &applied, error);
}

static void ignore_finding(void *state, const struct grove_finding *finding)
{
    (void)state;
    (void)finding;
}

static enum grove_code doctor(const char *json, struct grove_error *error)
{
    (void)json;
    return grove_doctor(NULL, ignore_finding, NULL, error);
}

static enum grove_code verify(const char *json, struct grove_error *error)
{
    const struct grove_verify_request request = {.size_bytes = sizeof request};
    struct grove_verify_report report;
    (void)json;
    return grove_verify(handle, &request, &report, error);
}

static enum grove_code repair(const char *json, struct grove_error *error)
{
    const struct grove_repair_request request = {.size_bytes = sizeof request};
    (void)json;
    return grove_repair(handle, &request, NULL, error);
}

static enum grove_code recall(const char *json, struct grove_error *error)
{
    static struct grove_recall found;
    const struct grove_recall_request request = {.size_bytes = sizeof request, .queries = 2};
    (void)json;
    return grove_measure_recall(handle, &request, &found, error);
}

static enum grove_code take_line(void *state, const char *bytes, size_t size_bytes,
                                 struct grove_error *error)
{
    (void)state;
    (void)bytes;
    (void)size_bytes;
    (void)error;
    return GROVE_OK;
}

static enum grove_code export(const char *json, struct grove_error *error) {
    const struct grove_export_request request = {.size_bytes = sizeof request, .write = take_line};
    (void)json;
    return grove_export(handle, &request, NULL, error);
}

static enum grove_code add_subject(const char *json, struct grove_error *error)
{
    const struct grove_subject_request request = {.size_bytes = sizeof request, .name = json};
    return grove_add_subject(handle, &request, NULL, error);
}

static enum grove_code stop(const char *json, struct grove_error *error)
{
    struct grove_stop_report report;
    (void)json;
    return grove_stop(NULL, &report, error);
}

static const struct {
    const char *name;
    enum grove_code (*do_it)(const char *json, struct grove_error *error);
} others[] = {{"open", open_handle}, {"close", close_handle}, {"init", init},
              {"doctor", doctor},    {"verify", verify},      {"repair", repair},
              {"recall", recall},    {"export", export},      {"add-subject", add_subject},
              {"stop-servers", stop}};

// Nothing of its own lies on the stack that grove has little of.
static void *do_deed(void *state)
{
    static struct grove_error error;
    struct deed *deed = state;
    error = (struct grove_error){.code = GROVE_OK};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(deed->name, others[i].name) == 0) {
            deed->code = others[i].do_it(deed->json, &error);
            memcpy(deed->message, error.message, sizeof deed->message);
            return NULL;
        }
    char *answer = NULL;
    deed->code = grove_call(handle, deed->name, deed->json, &answer, &error);
    memcpy(deed->message, error.message, sizeof deed->message);
    grove_free(answer);
    return NULL;
}

static void die(const char *what)
{
    perror(what);
    exit(2);
}

// How many bytes of the stack were written on.
static size_t run_on_stack(struct deed *deed, size_t size_bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), free_bytes = 0;
    pthread_attr_t attributes;
    pthread_t thread;
    unsigned char *whole =
        mmap(NULL, page + size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (whole == MAP_FAILED || mprotect(whole, page, PROT_NONE) != 0)
        die("a stack");
    unsigned char *stack = whole + page;
    memset(stack, PAINT, size_bytes);
    pthread_attr_init(&attributes);
    if (pthread_attr_setstack(&attributes, stack, size_bytes) != 0 ||
        pthread_create(&thread, &attributes, do_deed, deed) != 0 || pthread_join(thread, NULL) != 0)
        die("a thread");
    pthread_attr_destroy(&attributes);
    while (free_bytes < size_bytes && stack[free_bytes] == PAINT)
        free_bytes++;
    munmap(whole, page + size_bytes);
    return size_bytes - free_bytes;
}

int main(int argc, char **argv)
{
    static char line[LINE_SIZE];
    size_t size_bytes = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (size_bytes == 0)
        return 2;
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        char *space = strchr(line, ' ');
        if (space)
            *space = '\0';
        struct deed deed = {.name = line, .json = space ? space + 1 : NULL};
        size_t used_bytes = run_on_stack(&deed, size_bytes);
        printf("%s %zu %s %s\n", deed.name, used_bytes, grove_code_info(deed.code)->name,
               deed.message);
        fflush(stdout);
    }
    return 0;
}
