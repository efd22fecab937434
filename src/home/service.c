// SPDX-License-Identifier: Apache-2.0
//
// What may be found, and what that means:
//
//     lock     file says                    state
//     free     (whatever)                   gone: the kernel knows of no holder on this machine
//     free     no place, so an earlier      runs, where the process is that one by its start time
//              version wrote it             and argument: those hold no lock
//     held     this process, here           runs
//     held     a process that is not        orphaned: what it started has outlived it
//              here any more
//     held     the same, and a stranger is  gone: a program that it was told to start has outlived
//              seen to have it, and none    it, and keeps nobody from anything
//              that may be its own
//     held     another pid namespace        unseen: it runs in another container
//     held     a number we may not look at  unseen
//     held     nothing                      unseen: it is about to say so, or died before it could
//     cannot be asked                       unseen
//
// The lock is one of an open file description (fcntl F_OFD_SETLK), not one of a process: it passes
// to whoever inherits the file, PostgreSQL's sessions among them, and can be asked after without
// being taken, so that nobody is kept from it by a look. A host's child that happens to be forked
// meanwhile does not inherit it (base/descriptor.h).
#include "home/service.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/disk.h"
#include "base/file.h"
#include "base/inject.h"
#include "home/spawn.h"

enum {
    PAUSE_MS = 10,
    APPEAR_TIMEOUT_MS = 3000, // for a holder of the lock to say who it is
    ORPHANS_TIMEOUT_MS = 5000,
    LOG_BYTES_MAX = 10 << 20,
    LOG_TAIL_BYTES = 4096, // looked at after a failure
};

static int64_t appear_us(void)
{
    return KNOB(SERVICE_APPEAR_MS, APPEAR_TIMEOUT_MS) * 1000;
}

enum grove_code service_paths(struct service *service, const char *prefix, const char *log,
                              struct grove_error *error)
{
    const char *servers = service->home->servers;
    CHECK(servers[0] == '/');
    if (snprintf(service->lock, PATH_MAX, "%s/%slock", servers, prefix) >= PATH_MAX ||
        snprintf(service->pid_file, PATH_MAX, "%s/%spid", servers, prefix) >= PATH_MAX ||
        snprintf(service->log, PATH_MAX, "%s/log/%s.log", servers, log) >= PATH_MAX)
        return error_set(error, GROVE_INVALID, "the path of grove's folder is too long");
    return GROVE_OK;
}

// --- who runs ------------------------------------------------------------------------------------

// 0: it is free; EAGAIN: somebody has it; else what kept us from asking.
static int ask_lock(const struct service *service)
{
    home_act_as_servers(service->home);
    GROVE_CLEANUP(file_close_descriptor)
    int fd = descriptor_open(service->lock, O_RDONLY | O_NOFOLLOW, 0);
    int failure = fd < 0 ? errno : 0;
    home_act_as_self(service->home);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (failure == ENOENT)
        return 0;
    if (failure == 0 && fcntl(fd, F_OFD_GETLK, &lock) != 0)
        failure = errno;
    return failure != 0 ? failure : lock.l_type == F_UNLCK ? 0 : EAGAIN;
}

static bool read_pid_file(const struct service *service, struct process *ret)
{
    home_act_as_servers(service->home);
    bool written = process_read(service->pid_file, ret);
    home_act_as_self(service->home);
    return written;
}

// What root may not look at without a capability, the account of its process may.
static enum process_sight see(const struct service *service, const struct process *process)
{
    enum process_sight sight = process_see(process);
    if (sight != PROCESS_HIDDEN)
        return sight;
    home_act_as_servers(service->home);
    sight = process_see(process);
    home_act_as_self(service->home);
    return sight;
}

static enum service_state judge(const struct service *service, int lock,
                                const struct service_view *view)
{
    bool written = view->process.pid != 0, lives = written && view->sight == PROCESS_LIVES;
    bool old = written && !view->process.boot[0];
    bool known =
        lives && service->argument && process_has_argument(view->process.pid, service->argument);
    if (lock == 0)
        return old && known ? SERVICE_RUNS : SERVICE_GONE;
    if (lock != EAGAIN || !written || (old && service->argument && !known))
        return SERVICE_UNSEEN;
    if (lives)
        return SERVICE_RUNS;
    return view->sight == PROCESS_GONE ? SERVICE_ORPHANED : SERVICE_UNSEEN;
}

struct heirs {
    const struct service *service;
    struct stat lock;
    bool own;      // a process that may be the service's own
    bool stranger; // another one that has the lock
};

static bool look_at_heir(void *state, pid_t pid)
{
    struct heirs *heirs = state;
    if (heirs->service->may_be_own(heirs->service, pid))
        heirs->own = true;
    else if (process_has_locked(pid, HOME_KEPT_DESCRIPTOR, &heirs->lock))
        heirs->stranger = true;
    return !heirs->own;
}

// Of a service whose main process is gone and whose lock is held: whether all that is left is a
// program of others that it started (COPY ... TO PROGRAM, and what stays behind of it). The holder
// has to be seen: that shows that we can look at what has its account, so we would see its own.
static bool is_outlived(const struct service *service, const struct service_view *view)
{
    struct heirs heirs = {.service = service};
    CHECK(view->state == SERVICE_ORPHANED);
    if (!service->may_be_own || !process_is_of_here(&view->process))
        return false;
    home_act_as_servers(service->home);
    bool told = stat(service->lock, &heirs.lock) == 0 && process_each(look_at_heir, &heirs);
    home_act_as_self(service->home);
    return told && heirs.stranger && !heirs.own;
}

void service_find(const struct service *service, struct service_view *ret)
{
    struct service_view view = {.sight = PROCESS_GONE};
    CHECK(service->lock[0] == '/');
    int lock = ask_lock(service);
    view.failure = lock == EAGAIN ? 0 : lock;
    if (read_pid_file(service, &view.process))
        view.sight = see(service, &view.process);
    view.state = judge(service, lock, &view);
    view.outlived = view.state == SERVICE_ORPHANED && is_outlived(service, &view);
    if (view.outlived)
        view.state = SERVICE_GONE;
    if (view.state != SERVICE_RUNS && service->look_further)
        service->look_further(service, &view);
    CHECK(view.state != SERVICE_RUNS || view.process.pid > 1);
    *ret = view;
}

enum grove_code service_refuse(const struct service *service, const struct service_view *view,
                               struct grove_error *error)
{
    static const char there[] = "use the home there, or run \"grove stop\" there first: where it "
                                "was started, as the account that started it";
    CHECK(view->state == SERVICE_UNSEEN);
    if (view->failure != 0) {
        error_set_errno(error, view->failure, "cannot tell whether %s runs: \"%s\"", service->name,
                        service->lock);
        return error->code;
    }
    if (view->process.pid != 0 && view->sight == PROCESS_ELSEWHERE) {
        error_set(error, GROVE_UNAVAILABLE,
                  "%s of this home runs in another container (as process "
                  "%d of another pid namespace)",
                  service->name, (int)view->process.pid);
        error_hint(error, "%s", there);
    } else if (view->process.pid != 0 && view->sight == PROCESS_HIDDEN) {
        error_set(error, GROVE_UNAVAILABLE,
                  "%s runs as process %d, which cannot be looked at from "
                  "here",
                  service->name, (int)view->process.pid);
        error_hint(error, "%s; or mount /proc without hidepid", there);
    } else {
        error_set(error, GROVE_UNAVAILABLE,
                  "%s of this home runs where it cannot be seen from here", service->name);
        error_hint(error, "%s", there);
    }
    return GROVE_UNAVAILABLE;
}

// --- starting ------------------------------------------------------------------------------------

enum grove_code service_prepare_log(const struct service *service, struct grove_error *error)
{
    char folder[PATH_MAX];
    struct stat status;
    snprintf(folder, sizeof folder, "%s", service->log);
    *strrchr(folder, '/') = '\0';
    home_act_as_servers(service->home);
    enum grove_code code = folder_make(folder, 0700, error);
    if (code == GROVE_OK && lstat(service->log, &status) == 0 && status.st_size > LOG_BYTES_MAX &&
        unlink(service->log) != 0)
        code = error_set_errno(error, errno, "could not begin the log \"%s\" anew", service->log);
    home_act_as_self(service->home);
    return code;
}

// Leaves the lock to a stranger that has it: whoever runs next has another file of that name. Our
// caller has the home's lock, so nobody has begun since we looked.
static void leave_to_stranger(const struct service *service)
{
    struct service_view view;
    service_find(service, &view);
    if (view.state != SERVICE_GONE || !view.outlived)
        return;
    home_act_as_servers(service->home);
    unlink(service->lock);
    home_act_as_self(service->home);
}

// The lock as an open file that a program can be given: its number is above all that the program
// has of us.
static enum grove_code take_lock(const struct service *service, int *ret_fd,
                                 struct grove_error *error)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    home_act_as_servers(service->home);
    GROVE_CLEANUP(descriptor_close_own)
    int low = descriptor_open_own(service->lock, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    int failure = low < 0 ? errno : 0;
    bool taken = failure == 0 && fcntl(low, F_OFD_SETLK, &lock) == 0;
    if (failure == 0 && !taken)
        failure = errno;
    // The file is of an earlier process: nobody may believe it from now on.
    if (taken && unlink(service->pid_file) != 0 && errno != ENOENT)
        failure = errno;
    home_act_as_self(service->home);
    if (low >= 0 && !taken && (failure == EAGAIN || failure == EACCES))
        return error_set(error, GROVE_UNAVAILABLE, "%s is being started by somebody else",
                         service->name);
    int fd = failure == 0 ? descriptor_duplicate_own(low, 16) : -1;
    if (failure == 0 && fd < 0)
        failure = errno;
    if (failure != 0)
        return error_set_errno(error, failure, "could not lock \"%s\"", service->lock);
    *ret_fd = fd;
    return GROVE_OK;
}

enum grove_code service_launch(const struct service *service, const char *const *arguments,
                               pid_t *ret_pid, struct grove_error *error)
{
    int lock = -1;
    leave_to_stranger(service);
    enum grove_code code = take_lock(service, &lock, error);
    if (code != GROVE_OK)
        return code;
    struct home_program program = {.arguments = arguments,
                                   .log_path = service->log,
                                   .identity_path = service->pid_file,
                                   .kept = lock};
    off_t from = service_log_size(service);
    code = home_spawn(service->home, &program, NULL, ret_pid, error);
    descriptor_close_own(&lock);
    if (code == GROVE_IO)
        service_tell_log(service, from, error);
    return code;
}

static enum grove_code set_silent(const struct service *service, pid_t pid,
                                  struct grove_error *error)
{
    error_set(error, GROVE_TIMEOUT, "%s (process %d) runs but does not answer", service->name,
              (int)pid);
    error_hint(error, "\"grove stop\" ends it, by force if need be; the next command starts it "
                      "again, and it recovers from its log");
    return GROVE_TIMEOUT;
}

static enum grove_code set_cut_off(const struct service *service, const char *socket,
                                   const struct service_view *view, struct grove_error *error)
{
    error_set(error, GROVE_UNAVAILABLE, "%s (process %d) runs, but its socket \"%s\" is gone",
              service->name, (int)view->process.pid, socket);
    error_hint(error,
               "somebody removed it, or it is hidden from here, as with PrivateTmp; only a new "
               "start makes it again: \"grove stop\", then the command; who is connected to it "
               "loses the connection");
    return GROVE_UNAVAILABLE;
}

static enum grove_code set_not_ready(const struct service *service, const struct service_wait *wait,
                                     bool gone, struct grove_error *error)
{
    if (gone)
        error_set(error, GROVE_UNAVAILABLE, "%s ended while it was starting", service->name);
    else
        error_set(error, GROVE_TIMEOUT, "%s did not get ready in %u s", service->name,
                  wait->limit_ms / 1000);
    service_tell_log(service, wait->log_from, error);
    return error->code;
}

// Whoever asked does not wait any longer: it goes on without them.
static enum grove_code set_call_over(const struct service *service, const struct process *process,
                                     const struct call *call, struct grove_error *error)
{
    enum grove_code code = call_check(call, error);
    if (code != GROVE_TIMEOUT)
        return code;
    error_set(error, GROVE_TIMEOUT, "%s is still starting, after %u s", service->name,
              process_age_s(process));
    error_hint(error, "it goes on: try again a little later, or give the call more time than %g s",
               call->limit_ms / 1000.0);
    return GROVE_TIMEOUT;
}

// GROVE_OK: go on waiting.
static enum grove_code judge_wait(const struct service *service, const struct service_wait *wait,
                                  enum service_answer answer, int64_t waited_us, int64_t silent_us,
                                  struct grove_error *error)
{
    struct service_view view;
    service_find(service, &view);
    bool late = waited_us >= (int64_t)wait->limit_ms * 1000;
    switch (view.state) {
    case SERVICE_GONE:
    case SERVICE_ORPHANED: return set_not_ready(service, wait, true, error);
    case SERVICE_UNSEEN:
        return late || waited_us >= appear_us() ? service_refuse(service, &view, error) : GROVE_OK;
    case SERVICE_RUNS: break;
    }
    if (answer == SERVICE_CUT_OFF)
        return set_cut_off(service, wait->socket, &view, error);
    if (answer == SERVICE_SILENT && silent_us >= (int64_t)wait->silent_ms * 1000)
        return set_silent(service, view.process.pid, error);
    return late ? set_not_ready(service, wait, false, error) : GROVE_OK;
}

enum grove_code service_wait(const struct service *service, const struct service_wait *wait,
                             const struct call *call, struct grove_error *error)
{
    int64_t began_us = clock_monotonic_us(), silent_since_us = 0;
    for (;;) {
        int64_t asked_us = clock_monotonic_us();
        enum service_answer answer = wait->ask(wait->state, call);
        if (answer == SERVICE_READY)
            return GROVE_OK;
        if (answer != SERVICE_SILENT)
            silent_since_us = 0;
        else if (silent_since_us == 0)
            silent_since_us = asked_us;
        int64_t now_us = clock_monotonic_us();
        int64_t silent_us = silent_since_us == 0 ? 0 : now_us - silent_since_us;
        enum grove_code code =
            judge_wait(service, wait, answer, now_us - began_us, silent_us, error);
        if (code != GROVE_OK)
            return code;
        if (!call_pause(call, PAUSE_MS)) {
            struct service_view view;
            service_find(service, &view);
            return set_call_over(service, &view.process, call, error);
        }
    }
}

// --- its log -------------------------------------------------------------------------------------

off_t service_log_size(const struct service *service)
{
    struct stat status;
    home_act_as_servers(service->home);
    off_t size = lstat(service->log, &status) == 0 ? status.st_size : 0;
    home_act_as_self(service->home);
    return size;
}

// The last line that says what went wrong; else the last one.
static struct text find_telling(struct text rest)
{
    struct text line, found = {NULL, 0}, last = {NULL, 0};
    while (text_split(&rest, '\n', &line)) {
        if (memmem(line.data, line.length, "FATAL:", 6) ||
            memmem(line.data, line.length, "PANIC:", 6) ||
            memmem(line.data, line.length, "rror:", 5))
            found = line;
        if (text_trim(line).length > 0)
            last = line;
    }
    found = text_trim(found.length > 0 ? found : last);
    found.length = text_utf8_error(found); // the tail may begin inside a character
    return found;
}

// The log may not tell: it is on the same disk. (Shared memory is not.)
static bool is_full_disk(const struct service *service, struct text tail, struct text line)
{
    if (line.length > 0 && memmem(line.data, line.length, "shared memory", 13))
        return false;
    home_act_as_servers(service->home);
    bool full = disk_is_full(service->home->servers);
    home_act_as_self(service->home);
    return full || disk_full_in_words(tail);
}

void service_tell_log(const struct service *service, off_t from, struct grove_error *error)
{
    char buffer[LOG_TAIL_BYTES];
    CHECK(error->code != GROVE_OK); // it says more of a failure, it makes none
    CHECK(from >= 0);
    home_act_as_servers(service->home);
    int fd = descriptor_open(service->log, O_RDONLY | O_NOFOLLOW, 0);
    off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    off_t start = size - from > (off_t)sizeof buffer ? size - (off_t)sizeof buffer : from;
    ssize_t length = fd < 0 || size <= from ? 0 : pread(fd, buffer, sizeof buffer, start);
    file_close_descriptor(&fd);
    home_act_as_self(service->home);
    struct text tail = {buffer, length > 0 ? (size_t)length : 0}, line = find_telling(tail);
    if (line.length > 0)
        error_detail(error, "%.*s", TEXT_ARGS(line));
    if (!is_full_disk(service, tail, line)) {
        error_hint(error, "the whole story is in \"%s\"", service->log);
        return;
    }
    struct grove_error before = *error;
    error_set(error, GROVE_IO, "%s: the disk is full", before.message);
    error_detail(error, "%s", before.detail);
    error_hint(error, "free some disk space and run the same command again; the log is \"%s\"",
               service->log);
}

// --- stopping ------------------------------------------------------------------------------------

// Not longer than the call may take.
static bool wait_gone(const struct service *service, unsigned timeout_ms, const struct call *call)
{
    int64_t deadline_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    for (;;) {
        struct service_view view;
        service_find(service, &view);
        if (view.state == SERVICE_GONE)
            return true;
        if (clock_monotonic_us() >= deadline_us || !call_pause(call, PAUSE_MS))
            return false;
    }
}

bool service_wait_gone(const struct service *service, unsigned timeout_ms)
{
    return wait_gone(service, timeout_ms, NULL);
}

// As it is once whoever has the lock has had the time to say who it is.
static void find_patiently(const struct service *service, const struct call *call,
                           struct service_view *ret)
{
    int64_t patience_us = appear_us();
    int64_t deadline_us = clock_monotonic_us() + patience_us;
    for (;;) {
        service_find(service, ret);
        if (ret->state != SERVICE_UNSEEN || ret->failure != 0 || ret->process.pid != 0 ||
            clock_monotonic_us() >= deadline_us || !call_pause(call, PAUSE_MS))
            return;
    }
}

// Whoever asked does not wait any longer.
static enum grove_code set_still_ending(const struct service *service, const struct call *call,
                                        struct grove_error *error)
{
    enum grove_code code = call_check(call, error);
    if (code != GROVE_TIMEOUT)
        return code;
    error_set(error, GROVE_TIMEOUT, "%s did not end within %g s", service->name,
              call->limit_ms / 1000.0);
    error_hint(error, "it was told to, and may end yet; with more time it is ended by force");
    return GROVE_TIMEOUT;
}

static enum grove_code go_up(const struct service *service, const struct service_step *steps,
                             size_t count, const struct call *call, size_t *ret_steps,
                             struct grove_error *error)
{
    struct service_view view;
    *ret_steps = 0;
    find_patiently(service, call, &view);
    if (view.state != SERVICE_GONE && call_left_ms(call, 1) == 0)
        return set_still_ending(service, call, error);
    for (size_t i = 0; i < count && view.state != SERVICE_GONE; i++) {
        if (view.state == SERVICE_UNSEEN)
            return service_refuse(service, &view, error);
        if (i + 1 == count && service->signal_all)
            service->signal_all(service, steps[i].signal_number);
        else if (view.state == SERVICE_RUNS &&
                 kill(view.process.pid, steps[i].signal_number) != 0 && errno != ESRCH)
            return error_set_errno(error, errno, "could not stop %s (process %d)", service->name,
                                   (int)view.process.pid);
        *ret_steps = i + 1;
        // What has lost its main process ends by itself, or does not hear of it.
        bool orphaned = view.state == SERVICE_ORPHANED && i + 1 < count;
        if (wait_gone(service, orphaned ? ORPHANS_TIMEOUT_MS : steps[i].patience_ms, call))
            return GROVE_OK;
        if (call_left_ms(call, 1) == 0)
            return set_still_ending(service, call, error);
        service_find(service, &view);
    }
    if (view.state == SERVICE_GONE)
        return GROVE_OK;
    error_set(error, GROVE_TIMEOUT, "%s does not end", service->name);
    error_hint(error,
               "even SIGKILL did not end its processes: the disk may not answer. Some of "
               "them have \"%s\" open",
               service->lock);
    return GROVE_TIMEOUT;
}

enum grove_code service_stop(const struct service *service, const struct service_step *steps,
                             size_t count, const struct call *call, size_t *ret_steps,
                             struct grove_error *error)
{
    enum grove_code code = go_up(service, steps, count, call, ret_steps, error);
    // Elsewhere a stranger cannot be told from the service: now there is nothing to tell.
    if (code == GROVE_OK)
        leave_to_stranger(service);
    return code;
}
