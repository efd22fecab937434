// SPDX-License-Identifier: Apache-2.0
//
// A host with children of its own, whose home's private servers are started while it has them. It
// knows nothing but the installed header.
//
//     host ignores    SIGCHLD is ignored: nobody hears of a child's end
//     host handles    a handler takes whatever child has ended
//     host waits      a thread waits for any child, all the time
//     host forks      children are forked while the servers are started; they are refused what is
//                     their parent's, and live until standard input ends; so does one forked later
#include <grove/grove.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: not so: %s (errno %d)\n", __LINE__, #condition, errno);      \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

enum { OWN_STATUS = 7, CHILDREN_MAX = 400, FORK_PAUSE_MS = 10 };

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

// Whether by the engine or, while that starts, by PostgreSQL alone.
static enum grove_code search(struct grove *grove, struct grove_error *error)
{
    const struct grove_search_request request = {.text = "the oneness of God", .limit = 3};
    struct grove_result *result = NULL;
    enum grove_code code = grove_search(grove, &request, &result, error);
    EXPECT(code != GROVE_OK || (result->row_count == 3 && result->complete));
    grove_result_free(result);
    return code;
}

static void search_well(struct grove *grove)
{
    struct grove_error error;
    enum grove_code code = search(grove, &error);
    if (code != GROVE_OK) {
        fprintf(stderr, "%d: %s (%s)\n", (int)code, error.message, error.detail);
        exit(1);
    }
}

static pid_t fork_own(int *ret_until)
{
    int ends[2];
    EXPECT(pipe(ends) == 0);
    pid_t child = fork();
    EXPECT(child >= 0);
    if (child == 0) {
        close(ends[1]);
        (void)!read(ends[0], &(char){0}, 1);
        _exit(OWN_STATUS);
    }
    close(ends[0]);
    *ret_until = ends[1];
    return child;
}

// --- SIGCHLD -------------------------------------------------------------------------------------

static void ignores(void)
{
    struct sigaction now;
    signal(SIGCHLD, SIG_IGN);
    struct grove *grove = open_handle();
    search_well(grove);
    EXPECT(sigaction(SIGCHLD, NULL, &now) == 0 && now.sa_handler == SIG_IGN);
    errno = 0;
    EXPECT(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    grove_close(grove);
}

static atomic_int own_status = -1;
static atomic_int own_pid;

static void note(pid_t pid, int status)
{
    if (pid == atomic_load(&own_pid) && WIFEXITED(status))
        atomic_store(&own_status, WEXITSTATUS(status));
}

static void on_child(int number)
{
    int saved_errno = errno, status;
    pid_t pid;
    (void)number;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        note(pid, status);
    errno = saved_errno;
}

static void handles(void)
{
    struct sigaction action = {.sa_handler = on_child}, now; // calls are interrupted
    int until;
    EXPECT(sigaction(SIGCHLD, &action, NULL) == 0);
    atomic_store(&own_pid, fork_own(&until));
    struct grove *grove = open_handle();
    search_well(grove);
    EXPECT(atomic_load(&own_status) == -1);
    sigset_t child, before;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &child, &before);
    close(until);
    while (atomic_load(&own_status) == -1)
        sigsuspend(&before);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    EXPECT(atomic_load(&own_status) == OWN_STATUS);
    EXPECT(sigaction(SIGCHLD, NULL, &now) == 0 && now.sa_handler == on_child);
    grove_close(grove);
}

// --- waiting for any child -----------------------------------------------------------------------

static void *wait_for_any(void *state)
{
    int status;
    (void)state;
    while (atomic_load(&own_status) == -1) {
        pid_t pid = waitpid(-1, &status, 0);
        note(pid, status);
    }
    return NULL;
}

static void waits(void)
{
    pthread_t thread;
    int until;
    atomic_store(&own_pid, fork_own(&until)); // there is one to wait for, whatever grove has
    EXPECT(pthread_create(&thread, NULL, wait_for_any, NULL) == 0);
    struct grove *grove = open_handle();
    search_well(grove);
    EXPECT(atomic_load(&own_status) == -1);
    close(until);
    EXPECT(pthread_join(thread, NULL) == 0);
    EXPECT(atomic_load(&own_status) == OWN_STATUS);
    grove_close(grove);
}

// --- children while servers are started ----------------------------------------------------------

static atomic_bool searched;

static void *start_servers(void *state)
{
    search_well(state);
    atomic_store(&searched, true);
    return NULL;
}

static void be_child(struct grove *grove, int until)
{
    struct grove_error error;
    if (search(grove, &error) != GROVE_INVALID || !strstr(error.message, "forked"))
        _exit(1);
    grove_close(grove);
    (void)!read(until, &(char){0}, 1);
}

static void forks(void)
{
    static pid_t children[CHILDREN_MAX];
    const struct timespec pause_ = {0, FORK_PAUSE_MS * 1000000L};
    int ends[2], count = 0, status;
    pthread_t thread;
    EXPECT(pipe(ends) == 0);
    struct grove *grove = open_handle();
    EXPECT(pthread_create(&thread, NULL, start_servers, grove) == 0);
    while (!atomic_load(&searched) && count < CHILDREN_MAX - 1) {
        children[count] = fork();
        EXPECT(children[count] >= 0);
        if (children[count] == 0) {
            close(ends[1]);
            be_child(grove, ends[0]);
            _exit(0); // the search holds locks of OpenSSL now and then, which exit waits for
        }
        count++;
        nanosleep(&pause_, NULL);
    }
    EXPECT(pthread_join(thread, NULL) == 0);
    EXPECT(count > 1);
    search_well(grove);
    children[count] = fork();
    EXPECT(children[count] >= 0);
    if (children[count] == 0) {
        close(ends[1]);
        be_child(grove, ends[0]);
        exit(0); // no call is under way: what the library leaves for the end is none of the child's
    }
    count++;
    grove_close(grove);
    printf("started\n");
    fflush(stdout);
    EXPECT(fgetc(stdin) == EOF);
    close(ends[1]);
    for (int i = 0; i < count; i++)
        EXPECT(waitpid(children[i], &status, 0) == children[i] && status == 0);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*be)(void);
    } hosts[] = {{"ignores", ignores}, {"handles", handles}, {"waits", waits}, {"forks", forks}};
    for (size_t i = 0; argc == 2 && i < sizeof hosts / sizeof *hosts; i++)
        if (strcmp(argv[1], hosts[i].name) == 0) {
            hosts[i].be();
            printf("good\n");
            return 0;
        }
    return 2;
}
