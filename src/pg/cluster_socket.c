// SPDX-License-Identifier: Apache-2.0
//
// PostgreSQL's processes write into their titles what they are at:
//
//     postgres: checkpointer
//     postgres: grove grove [local] idle
//     postgres: grove grove [local] idle in transaction
//
// The title ends with what a session does, so a name that a user or a database has cannot look like
// it. A title that says nothing known (settings of the user may change them, or switch them off)
// counts as one of a session at work.
#include "pg/cluster_socket.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/text.h"
#include "home/process.h"

enum {
    TITLE_SIZE = 512,
    PATIENCE_MS = 1000, // for sessions to be done, once nobody new reaches the server
    STOP_TIMEOUT_MS = 60000,
    PAUSE_MS = 10,
};

// Whether the server sees no socket there either. False where that cannot be told.
static bool is_removed(const struct home *home, pid_t postmaster, const char *socket)
{
    char root[32], path[PATH_MAX + sizeof root];
    struct stat status;
    CHECK(postmaster > 1);
    CHECK(socket[0] == '/');
    snprintf(root, sizeof root, "/proc/%d/root/", (int)postmaster);
    snprintf(path, sizeof path, "%s%s", root, socket + 1);
    home_act_as_servers(home);
    // The server's own view can be had, and the socket is not in it.
    bool removed = lstat(path, &status) != 0 && errno == ENOENT && stat(root, &status) == 0;
    home_act_as_self(home);
    return removed;
}

static bool is_harmless(struct text title)
{
    static const char *const of_the_server[] = {
        "postgres: checkpointer",    "postgres: background writer",
        "postgres: walwriter",       "postgres: autovacuum launcher",
        "postgres: logger",          "postgres: logical replication launcher",
        "postgres: stats collector", "postgres: io worker",
        "postgres: archiver",
    };
    static const char idle[] = " idle";
    title = text_trim(title);
    for (size_t i = 0; i < ARRAY_COUNT(of_the_server); i++)
        if (text_starts_with(title, of_the_server[i]))
            return true;
    size_t length = strlen(idle);
    return title.length > length && memcmp(title.data + title.length - length, idle, length) == 0;
}

struct counting {
    pid_t postmaster;
    unsigned seen, busy;
};

static bool count_one(void *state, pid_t pid)
{
    struct counting *counting = state;
    char title[TITLE_SIZE];
    if (process_parent(pid) != counting->postmaster)
        return true;
    process_title(pid, title, sizeof title);
    if (process_start_time(pid) < 0) // it has ended
        return true;
    counting->seen++;
    counting->busy += is_harmless(text_of(title)) ? 0 : 1;
    return true;
}

// How many of its processes are in the midst of something that its end would end; at least 1 where
// that cannot be told.
static unsigned count_busy(const struct home *home, pid_t postmaster)
{
    struct counting counting = {.postmaster = postmaster};
    CHECK(postmaster > 1);
    home_act_as_servers(home);
    bool told = process_each(count_one, &counting);
    home_act_as_self(home);
    // A server that is ready has processes of its own: none is seen where we may not look.
    return told && counting.seen > 0 ? counting.busy : 1;
}

static enum grove_code set_at_work(const struct service *service, const struct process *postmaster,
                                   const char *socket, unsigned busy, struct grove_error *error)
{
    error_set(error, GROVE_UNAVAILABLE,
              "%s (process %d) runs, but its socket \"%s\" is gone, and sessions are at work: %u",
              service->name, (int)postmaster->pid, socket, busy);
    error_hint(error, "somebody removed it, and only a new start makes it again: the next command "
                      "does that once they are done; \"grove stop\" ends them now");
    error->retry = GROVE_RETRY_LATER;
    return GROVE_UNAVAILABLE;
}

static bool is_same(const struct service_view *view, const struct process *process)
{
    return view->state == SERVICE_RUNS && view->process.pid == process->pid &&
           view->process.began == process->began;
}

enum grove_code cluster_end_cut_off(const struct service *service, const struct process *postmaster,
                                    const char *socket, const struct call *call,
                                    struct grove_error *error)
{
    if (!is_removed(service->home, postmaster->pid, socket))
        return GROVE_OK;
    struct call patience = call_part(call), limit = call_part(call);
    call_within(&patience, PATIENCE_MS);
    for (unsigned busy; (busy = count_busy(service->home, postmaster->pid)) > 0;) {
        if (call_pause(&patience, PAUSE_MS))
            continue;
        enum grove_code code = call_check(call, error);
        return code != GROVE_OK ? code : set_at_work(service, postmaster, socket, busy, error);
    }
    struct service_view view;
    service_find(service, &view);
    if (is_same(&view, postmaster) && kill(postmaster->pid, SIGINT) != 0 && errno != ESRCH)
        return error_set_errno(error, errno, "could not stop %s (process %d)", service->name,
                               (int)postmaster->pid);
    call_within(&limit, STOP_TIMEOUT_MS);
    while (is_same(&view, postmaster)) {
        if (!call_pause(&limit, PAUSE_MS))
            return call_check(&limit, error);
        service_find(service, &view);
    }
    return GROVE_OK;
}
