// SPDX-License-Identifier: Apache-2.0
//
// Starting and stopping the private vector server.
//
//     <servers>/vector/server-<sha>.pyz   the program, written before a start; named by its hash
//     <servers>/vector/pid                "<pid> <start time>", written by the server
//     <servers>/vector/lock               held by the server as long as it lives
//     <servers>/log/vector.log            what it says
//     <run>/vectors.sock                  accepts connections once all collections are loaded
//
// A process id of the pid file is believed when the process with that number began at the time
// written there and has the data folder among its arguments: numbers are given again.
#include "vector/private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/asset.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/digest.h"
#include "base/disk.h"
#include "base/file.h"
#include "base/inject.h"
#include "base/text.h"
#include "home/process.h"

#define PYTHON "/usr/bin/python3"
#define PROGRAM_PREFIX "server-"

enum {
    LOCK_TIMEOUT_MS = 60000,
    START_TIMEOUT_MS = 20000,
    STOP_TIMEOUT_MS = 10000,
    KILL_TIMEOUT_MS = 5000,
    ANSWER_TIMEOUT_MS = 2000,
    PAUSE_MS = 10,
    LOG_BYTES_MAX = 10 << 20,
    LOG_TAIL_BYTES = 2048, // looked at when a start failed
    // The exit status by which Python tells that it is too old.
    TOO_OLD = 7,
};

extern const struct asset vector_server_files[]; // one: the packed program

struct server {
    const struct home *home;
    char data[PATH_MAX];
    char program[PATH_MAX];
    char log[PATH_MAX];
    char socket[PATH_MAX];
    char engine[PATH_MAX];
};

static enum grove_code server_paths(const struct home *home, struct server *ret,
                                    struct grove_error *error)
{
    char hash[SHA256_HEX_SIZE];
    sha256_hex((struct text){vector_server_files[0].data, vector_server_files[0].size_bytes}, hash);
    ret->home = home;
    int program = snprintf(ret->program, PATH_MAX, "%s/vector/" PROGRAM_PREFIX "%.8s.pyz",
                           home->servers, hash);
    int data = snprintf(ret->data, PATH_MAX, "%s/vector", home->servers);
    int log = snprintf(ret->log, PATH_MAX, "%s/log/vector.log", home->servers);
    int socket = snprintf(ret->socket, PATH_MAX, "%s/vectors.sock", home->run);
    int engine = snprintf(ret->engine, PATH_MAX, "%s/qdrant-edge", home->assets);
    struct sockaddr_un address;
    if (program >= PATH_MAX || data >= PATH_MAX || log >= PATH_MAX || engine >= PATH_MAX ||
        (size_t)socket >= sizeof address.sun_path)
        return error_set(error, GROVE_INVALID, "the path of grove's folder is too long");
    return GROVE_OK;
}

void vector_server_socket(const struct home *home, char ret_path[static PATH_MAX])
{
    if (snprintf(ret_path, PATH_MAX, "%s/vectors.sock", home->run) >= PATH_MAX)
        ret_path[0] = '\0';
}

// --- the socket ----------------------------------------------------------------------------------

// A connection, or -1.
static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return -1;
    memcpy(address.sun_path, path, strlen(path));
    descriptor_hold_standard();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    descriptor_let_standard_go();
    if (fd < 0)
        return -1;
    struct timeval patience = {.tv_sec = ANSWER_TIMEOUT_MS / 1000};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
        connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        file_close_descriptor(&fd);
    return fd;
}

// Enough to know that it runs: it listens only when it is ready.
static bool accepts(const struct server *server)
{
    GROVE_CLEANUP(file_close_descriptor) int fd = connect_to(server->socket);
    return fd >= 0;
}

static bool is_ready(const struct server *server)
{
    static const char request[] = "GET /readyz HTTP/1.1\r\nhost: grove\r\n"
                                  "connection: close\r\n\r\n";
    static const char expected[] = "HTTP/1.1 200 ";
    GROVE_CLEANUP(file_close_descriptor) int fd = connect_to(server->socket);
    if (fd < 0 || send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != sizeof request - 1)
        return false;
    char answer[sizeof expected - 1];
    return recv(fd, answer, sizeof answer, MSG_WAITALL) == (ssize_t)sizeof answer &&
           memcmp(answer, expected, sizeof answer) == 0;
}

// --- the process ---------------------------------------------------------------------------------

// The server's process id, verified; 0 when it does not run.
static pid_t server_process(const struct server *server)
{
    char path[PATH_MAX + 8];
    struct process process;
    snprintf(path, sizeof path, "%s/pid", server->data);
    home_act_as_servers(server->home);
    bool written = process_read(path, &process);
    home_act_as_self(server->home);
    return written && process_lives(&process, server->data) ? process.pid : 0;
}

static bool wait_for_end(const struct server *server, unsigned timeout_ms)
{
    int64_t deadline_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    while (server_process(server) != 0) {
        if (clock_monotonic_us() >= deadline_us)
            return false;
        clock_sleep_ms(PAUSE_MS);
    }
    return true;
}

// --- starting ------------------------------------------------------------------------------------

// Removes the programs of other versions of grove. Called when no server runs.
static void remove_other_programs(const struct server *server)
{
    DIR *folder = descriptor_open_folder(server->data);
    if (!folder)
        return;
    const char *own = strrchr(server->program, '/') + 1;
    int descriptor = dirfd(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strncmp(entry->d_name, PROGRAM_PREFIX, strlen(PROGRAM_PREFIX)) == 0 &&
            strcmp(entry->d_name, own) != 0 && descriptor >= 0)
            unlinkat(descriptor, entry->d_name, 0);
    closedir(folder);
}

static enum grove_code write_program(const struct server *server, struct grove_error *error)
{
    struct text contents = {vector_server_files[0].data, vector_server_files[0].size_bytes};
    struct stat status;
    // Written in one step under the name of its hash: one that is there is whole.
    if (lstat(server->program, &status) == 0 && S_ISREG(status.st_mode) &&
        (size_t)status.st_size == contents.length)
        return GROVE_OK;
    return file_write(server->program, contents, 0600, error);
}

static enum grove_code prepare_folders(const struct server *server, struct grove_error *error)
{
    char log_folder[PATH_MAX];
    snprintf(log_folder, sizeof log_folder, "%s", server->log);
    *strrchr(log_folder, '/') = '\0';
    enum grove_code code = folder_make(server->data, 0700, error);
    if (code == GROVE_OK)
        code = folder_make(log_folder, 0700, error);
    if (code == GROVE_OK)
        code = write_program(server, error);
    if (code != GROVE_OK)
        return code;
    remove_other_programs(server);
    struct stat status;
    if (lstat(server->log, &status) == 0 && status.st_size > LOG_BYTES_MAX &&
        unlink(server->log) != 0)
        return error_set_errno(error, errno, "could not start the log \"%s\" afresh", server->log);
    return GROVE_OK;
}

static off_t log_size(const struct server *server)
{
    struct stat status;
    home_act_as_servers(server->home);
    off_t size = lstat(server->log, &status) == 0 ? status.st_size : 0;
    home_act_as_self(server->home);
    return size;
}

// The end of the log beyond `from`, as far as it fits, without blanks behind it.
static struct text log_tail(const struct server *server, off_t from, char *buffer,
                            size_t size_bytes)
{
    home_act_as_servers(server->home);
    GROVE_CLEANUP(file_close_descriptor)
    int fd = descriptor_open(server->log, O_RDONLY | O_NOFOLLOW, 0);
    home_act_as_self(server->home);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0 || status.st_size <= from)
        return (struct text){buffer, 0};
    off_t start =
        status.st_size - from > (off_t)size_bytes ? status.st_size - (off_t)size_bytes : from;
    ssize_t length = pread(fd, buffer, size_bytes, start);
    return text_trim((struct text){buffer, length > 0 ? (size_t)length : 0});
}

static struct text last_line(struct text tail)
{
    const char *newline = tail.length > 0 ? memrchr(tail.data, '\n', tail.length) : NULL;
    size_t skipped = newline ? (size_t)(newline + 1 - tail.data) : 0;
    struct text line = {tail.data + skipped, tail.length - skipped};
    line.length = text_utf8_error(line); // the tail may begin inside a character
    return line;
}

static enum grove_code check_python(const struct server *server, struct grove_error *error)
{
    const char *const arguments[] = {
        PYTHON, "-I", "-S", "-c", "import sys; sys.exit(0 if sys.version_info >= (3, 10) else 7)",
        NULL};
    int status = 0;
    if (access(PYTHON, X_OK) != 0) {
        error_set(error, GROVE_UNSUPPORTED,
                  "the private vector server needs Python 3.10 or later, and " PYTHON
                  " is not there");
        error_hint(error, "install it: apt install python3");
        return GROVE_UNSUPPORTED;
    }
    enum grove_code code = home_run(server->home, arguments, server->log, &status, error);
    if (code != GROVE_OK || status == 0)
        return code;
    if (status == TOO_OLD) {
        error_set(error, GROVE_UNSUPPORTED,
                  "the private vector server needs Python 3.10 or later, " PYTHON " is older");
        error_hint(error, "upgrade the system, or set QDRANT_URL to a Qdrant server");
        return GROVE_UNSUPPORTED;
    }
    error_set(error, GROVE_UNSUPPORTED, PYTHON " does not work: it ended with status %d", status);
    error_hint(error, "reinstall it: apt install --reinstall python3");
    return GROVE_UNSUPPORTED;
}

static enum grove_code ended_early(const struct server *server, off_t log_from,
                                   struct grove_error *error)
{
    char buffer[LOG_TAIL_BYTES];
    struct text tail = log_tail(server, log_from, buffer, sizeof buffer);
    struct text line = last_line(tail);
    home_act_as_servers(server->home);
    bool full = disk_full_in_words(tail) || (tail.length == 0 && disk_is_full(server->data));
    home_act_as_self(server->home);
    enum grove_code code = full ? GROVE_IO : GROVE_UNAVAILABLE;
    error_set(error, code,
              full ? "the disk is too full for the private vector server to start"
                   : "the private vector server ended while it was starting");
    if (line.length > 0)
        error_detail(error, "%.*s", TEXT_ARGS(line));
    if (full)
        error_hint(error, "free some disk space, then run \"grove sync\"; its log is \"%s\"",
                   server->log);
    else
        error_hint(error, "its log is \"%s\"", server->log);
    return code;
}

// Waits for the server with process id `pid`, which we or somebody before us started.
static enum grove_code wait_until_ready(const struct server *server, pid_t pid, off_t log_from,
                                        struct grove_error *error)
{
    int64_t began = process_start_time(pid);
    int64_t deadline_us = clock_monotonic_us() + (int64_t)START_TIMEOUT_MS * 1000;
    for (;;) {
        if (is_ready(server))
            return GROVE_OK;
        if (began < 0 || process_start_time(pid) != began)
            return ended_early(server, log_from, error);
        if (clock_monotonic_us() >= deadline_us)
            break;
        clock_sleep_ms(PAUSE_MS);
    }
    error_set(error, GROVE_TIMEOUT, "the private vector server did not become ready within %d s",
              START_TIMEOUT_MS / 1000);
    error_hint(error, "it goes on starting, try again; its log is \"%s\"", server->log);
    return GROVE_TIMEOUT;
}

static enum grove_code launch(const struct server *server, struct grove_error *error)
{
    const struct home *home = server->home;
    home_act_as_servers(home);
    enum grove_code code = prepare_folders(server, error);
    home_act_as_self(home);
    if (code == GROVE_OK)
        code = check_python(server, error);
    if (code != GROVE_OK)
        return code;
    const char *const arguments[] = {PYTHON,          "-I",       "-S",           "-B",
                                     server->program, "--engine", server->engine, "--data",
                                     server->data,    "--socket", server->socket, NULL};
    off_t log_from = log_size(server);
    int pid = 0;
    code = home_spawn_pid(home, arguments, server->log, &pid, error);
    if (code == GROVE_OK)
        code = INJECT(VECTOR_SERVER_SPAWNED, error);
    return code == GROVE_OK ? wait_until_ready(server, pid, log_from, error) : code;
}

static enum grove_code check_engine(const struct server *server, struct grove_error *error)
{
    if (!server->home->assets[0]) {
        error_set(error, GROVE_NOT_FOUND, "grove's assets (private servers, model) are not there");
        error_hint(error, "run \"make\" in grove's source tree, which fetches them; or set "
                          "GROVE_ASSETS to their folder");
        return GROVE_NOT_FOUND;
    }
    if (!home_reaches(server->home, server->engine, R_OK | X_OK)) {
        error_set(error, GROVE_NOT_FOUND,
                  "the account \"%s\" cannot read the vector engine in "
                  "\"%s\"",
                  server->home->user, server->engine);
        error_hint(error, "run \"make\" in grove's source tree, which fetches it; or make the "
                          "folder readable");
        return GROVE_NOT_FOUND;
    }
    return GROVE_OK;
}

static enum grove_code start_locked(const struct server *server, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    // One that runs and does not answer is still loading, or on its way out.
    pid_t pid = server_process(server);
    if (pid != 0)
        code = wait_until_ready(server, pid, log_size(server), error);
    bool ended = code == GROVE_UNAVAILABLE || code == GROVE_IO;
    if (pid == 0 || (ended && server_process(server) == 0))
        code = launch(server, error);
    // A command that died had started one, which took the folder before ours did, and has written
    // down its number since.
    pid = code == GROVE_UNAVAILABLE ? server_process(server) : 0;
    return pid != 0 ? wait_until_ready(server, pid, log_size(server), error) : code;
}

enum grove_code vector_server_start(const struct home *home, struct grove_error *error)
{
    struct server server;
    enum grove_code code = server_paths(home, &server, error);
    if (code != GROVE_OK)
        return code;
    if (accepts(&server))
        return GROVE_OK;
    code = check_engine(&server, error);
    struct home_lock lock = {.descriptor = -1};
    if (code == GROVE_OK)
        code = home_lock(home, LOCK_TIMEOUT_MS, &lock, error);
    if (code != GROVE_OK)
        return code;
    if (!accepts(&server))
        code = start_locked(&server, error);
    home_unlock(&lock);
    if (code != GROVE_OK)
        error_context(error, "starting the private vector server");
    return code;
}

// --- stopping ------------------------------------------------------------------------------------

static enum grove_code end_process(const struct server *server, struct grove_error *error)
{
    pid_t pid = server_process(server);
    if (pid == 0)
        return GROVE_OK;
    if (kill(pid, SIGTERM) != 0 && errno != ESRCH)
        return error_set_errno(error, errno, "could not stop the private vector server (%d)",
                               (int)pid);
    if (wait_for_end(server, STOP_TIMEOUT_MS))
        return GROVE_OK;
    // What was acknowledged is in its log; it is replayed at the next start.
    pid = server_process(server);
    if (pid != 0 && kill(pid, SIGKILL) != 0 && errno != ESRCH)
        return error_set_errno(error, errno, "could not stop the private vector server (%d)",
                               (int)pid);
    if (wait_for_end(server, KILL_TIMEOUT_MS))
        return GROVE_OK;
    return error_set(error, GROVE_TIMEOUT, "the private vector server (%d) does not end", (int)pid);
}

enum grove_code vector_server_stop(const struct home *home, struct grove_error *error)
{
    struct server server;
    enum grove_code code = server_paths(home, &server, error);
    struct home_lock lock = {.descriptor = -1};
    if (code == GROVE_OK)
        code = home_lock(home, LOCK_TIMEOUT_MS, &lock, error);
    if (code != GROVE_OK)
        return code;
    code = end_process(&server, error);
    home_unlock(&lock);
    return code;
}

enum grove_code vector_server_status(const struct home *home, struct vector_server_status *ret,
                                     struct grove_error *error)
{
    struct server server;
    enum grove_code code = server_paths(home, &server, error);
    if (code != GROVE_OK)
        return code;
    bool running = accepts(&server);
    *ret = (struct vector_server_status){.running = running,
                                         .pid = running ? (int)server_process(&server) : 0};
    return GROVE_OK;
}
