// SPDX-License-Identifier: Apache-2.0
//
// A service: a program of the home that runs on its own, for whoever uses the home. What
// PostgreSQL, the vector server and the resident projector have in common: who runs, starting,
// waiting until it answers, what its log tells of a failure, stopping.
//
//     struct service service = {.home = home, .name = "the private PostgreSQL"};
//     code = service_paths(&service, "pg.", "postgres", error);
//     service_find(&service, &view);                         // SERVICE_GONE, SERVICE_RUNS, ...
//     code = service_launch(&service, arguments, &pid, error);
//     code = service_wait(&service, &wait, call, error);
//     code = service_stop(&service, steps, ARRAY_COUNT(steps), call, &needed, error);
//
//     <servers>/pg.lock            locked as long as any process of it lives: it is inherited
//     <servers>/pg.pid             which process it is (home/process.h)
//     <servers>/log/postgres.log   what it says
//
// Whether it runs is asked of the lock, which the kernel keeps: it is seen from every container
// that has the folder, needs no right to look at other processes, and ends with the last of its
// holders. The file says only which process to signal. What cannot be seen is never taken for gone:
// it is neither started a second time nor cleaned away.
//
// Whoever starts or stops one has the home's lock. Threads: any.
#ifndef GROVE_HOME_SERVICE_H
#define GROVE_HOME_SERVICE_H

#include "base/call.h"
#include "base/error.h"
#include "base/text.h"
#include "home/home.h"
#include "home/process.h"

enum service_state {
    SERVICE_GONE,     // no process of it lives on this machine
    SERVICE_RUNS,     // it may be starting, or ending
    SERVICE_ORPHANED, // its main process is gone, others that it started are not
    SERVICE_UNSEEN,   // it runs where this process cannot look, or that cannot be told
};

struct service_view {
    enum service_state state;
    struct process process; // of SERVICE_RUNS; else what was written, pid 0 where nothing was
    enum process_sight sight;
    int failure;   // errno of what kept us from looking; 0: nothing did
    bool outlived; // of SERVICE_GONE: a program that it started is left, and has its lock
};

struct service {
    const struct home *home;
    const char *name; // for messages: "the private PostgreSQL"
    char lock[PATH_MAX];
    char pid_file[PATH_MAX];
    char log[PATH_MAX];
    // By which its process is known where it holds no lock, as those that earlier versions of grove
    // started. NULL: there are none.
    const char *argument;
    // Optional, of one that starts programs of others: whether a process is its own, or might be.
    // Where this is set, those programs are not taken for it. Has the rights of the account.
    bool (*may_be_own)(const struct service *service, pid_t pid);
    // Optional: what else there is to look at when the lock and the file do not show it running.
    void (*look_further)(const struct service *service, struct service_view *view);
    // Optional: sends the signal to every process of it that can be seen.
    void (*signal_all)(const struct service *service, int signal_number);
};

// <servers>/`prefix`lock and pid, <servers>/log/`log`.log.
enum grove_code service_paths(struct service *service, const char *prefix, const char *log,
                              struct grove_error *error);

void service_find(const struct service *service, struct service_view *ret);

// Why it is not touched, and what to do: of a view that is SERVICE_UNSEEN.
enum grove_code service_refuse(const struct service *service, const struct service_view *view,
                               struct grove_error *error);

// --- starting ------------------------------------------------------------------------------------

// Makes the folder of the log, and begins a log anew that has grown long.
enum grove_code service_prepare_log(const struct service *service, struct grove_error *error);

// Starts the program as a holder of the lock. It keeps descriptor HOME_KEPT_DESCRIPTOR open. That
// takes a moment, and obeys no call: who asks with little time to spare does not keep it from ever
// being started.
enum grove_code service_launch(const struct service *service, const char *const *arguments,
                               pid_t *ret_pid, struct grove_error *error);

enum service_answer {
    SERVICE_READY,
    SERVICE_NOT_YET,
    SERVICE_SILENT,  // it accepts connections and says nothing
    SERVICE_CUT_OFF, // it has begun to listen, and its socket is not at its place
};

struct service_wait {
    // Asks it whether it is ready; waits seconds for an answer, but no longer than the call may.
    enum service_answer (*ask)(void *state, const struct call *call);
    void *state;
    const char *socket; // its path, for messages
    unsigned limit_ms;
    unsigned silent_ms; // who accepts connections and says nothing for so long hangs
    off_t log_from;     // how much of the log is older than this start
};

// Waits until it answers. GROVE_UNAVAILABLE: it ended instead; GROVE_IO: since the disk is full;
// GROVE_TIMEOUT: the limit, or it hangs, or the call is over, and the start goes on. One whose
// socket somebody has removed is GROVE_UNAVAILABLE at once, with what to do.
enum grove_code service_wait(const struct service *service, const struct service_wait *wait,
                             const struct call *call, struct grove_error *error);

// --- its log -------------------------------------------------------------------------------------

off_t service_log_size(const struct service *service);

// Adds to *error what the log, beyond `from`, tells of the failure, and where it is; and makes it
// GROVE_IO where the disk is full.
void service_tell_log(const struct service *service, off_t from, struct grove_error *error);

// --- stopping ------------------------------------------------------------------------------------

struct service_step {
    int signal_number;
    unsigned patience_ms;
};

// Sends one signal after the other until it is gone; the last one to all that can be seen of it.
// *ret_steps: how many were needed, 0 where it did not run. Once the call is over (NULL: never)
// nothing more is sent or waited for: GROVE_TIMEOUT or GROVE_CANCELLED, and it may still end.
enum grove_code service_stop(const struct service *service, const struct service_step *steps,
                             size_t count, const struct call *call, size_t *ret_steps,
                             struct grove_error *error);

// Waits until nothing of it is left. False: something is.
bool service_wait_gone(const struct service *service, unsigned timeout_ms);

#endif
