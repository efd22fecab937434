// SPDX-License-Identifier: Apache-2.0
//
// Starting and stopping the private vector server.
//
//     <servers>/vector/server-<sha>.pyz   the program, written before a start; named by its hash
//     <servers>/vector/pid, lock          who it is, and that it lives (home/service.h)
//     <servers>/log/vector.log            what it says
//     <run>/vectors.sock                  accepts connections once all collections are loaded
//
// Servers that an earlier version of grove started lock the folder in a way that cannot be asked
// after. Of those the pid file is believed where the process has the data folder among its
// arguments. Should one be there that has not written its number yet, then ours finds the folder
// taken and ends, and the other is waited for.
#include "vector/private.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/asset.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/inject.h"
#include "base/text.h"
#include "home/process.h"
#include "home/service.h"
#include "home/spawn.h"

#define PYTHON "/usr/bin/python3"
#define PROGRAM_PREFIX "server-"

enum {
    LOCK_TIMEOUT_MS = 60000,
    START_TIMEOUT_MS = 20000,
    STOP_TIMEOUT_MS = 10000,
    KILL_TIMEOUT_MS = 5000,
    ANSWER_TIMEOUT_MS = 1000,
    SILENT_MS = 20000,
    PYTHON_TIMEOUT_MS = 10000,
    // The exit status by which Python tells that it is too old.
    TOO_OLD = 7,
};

extern const struct asset vector_server_files[]; // one: the packed program

struct server {
    struct service service; // the first: what its functions are given is all of this
    const struct home *home;
    char data[PATH_MAX];
    char program[PATH_MAX];
    char socket[PATH_MAX];
    char engine[PATH_MAX];
};

void vector_server_socket(const struct home *home, char ret_path[static PATH_MAX])
{
    if (snprintf(ret_path, PATH_MAX, "%s/vectors.sock", home->run) >= PATH_MAX)
        ret_path[0] = '\0';
}

// --- the socket ----------------------------------------------------------------------------------

// A connection, or -1 with errno: EAGAIN where somebody listens and takes none, who hangs.
static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    descriptor_hold_standard();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    descriptor_let_standard_go();
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    int failure = errno;
    file_close_descriptor(&fd);
    errno = failure;
    return -1;
}

enum listening { LISTENS_NOT, LISTENS, LISTENS_AND_HANGS };

// Enough to know that it runs: it listens only when it is ready. Nobody waits for that: it may have
// been stopped, and have so many waiting that it takes no more.
static enum listening look_who_listens(const struct server *server)
{
    GROVE_CLEANUP(file_close_descriptor) int fd = connect_to(server->socket);
    if (fd >= 0)
        return LISTENS;
    return errno == EAGAIN ? LISTENS_AND_HANGS : LISTENS_NOT;
}

static enum grove_code set_hangs(struct grove_error *error)
{
    error_set(error, GROVE_UNAVAILABLE, "the private vector server takes no more connections");
    error_hint(error, "it hangs: \"grove stop\" ends it, and the next command starts it");
    return GROVE_UNAVAILABLE;
}

// Reads so many bytes, as long as the call lasts and no longer than is waited for an answer.
static bool read_within(int fd, char *ret, size_t size_bytes, const struct call *call)
{
    int64_t until_us = clock_monotonic_us() + (int64_t)ANSWER_TIMEOUT_MS * 1000;
    size_t length = 0;
    while (length < size_bytes) {
        unsigned slice_ms = call_slice_ms(call);
        if (slice_ms == 0 || clock_monotonic_us() >= until_us)
            return false;
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        if (poll(&waiting, 1, (int)slice_ms) <= 0)
            continue;
        ssize_t count = recv(fd, ret + length, size_bytes - length, 0);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
            return false;
        length += count > 0 ? (size_t)count : 0;
    }
    return true;
}

static bool is_ready(const struct server *server, const struct call *call)
{
    static const char request[] = "GET /readyz HTTP/1.1\r\nhost: grove\r\n"
                                  "connection: close\r\n\r\n";
    static const char expected[] = "HTTP/1.1 200 ";
    GROVE_CLEANUP(file_close_descriptor) int fd = connect_to(server->socket);
    if (fd < 0 || send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != sizeof request - 1)
        return false;
    char answer[sizeof expected - 1];
    return read_within(fd, answer, sizeof answer, call) &&
           memcmp(answer, expected, sizeof answer) == 0;
}

// A server that cannot be seen is there all the same.
static void look_further(const struct service *service, struct service_view *view)
{
    static_assert(offsetof(struct server, service) == 0, "a service is the server it begins");
    const struct server *server = (const struct server *)(const void *)service;
    if (view->state == SERVICE_GONE && look_who_listens(server) != LISTENS_NOT) {
        view->state = SERVICE_UNSEEN;
        view->process.pid = 0;
    }
}

static enum grove_code server_paths(const struct home *home, struct server *ret,
                                    struct grove_error *error)
{
    char hash[SHA256_HEX_SIZE];
    sha256_hex((struct text){vector_server_files[0].data, vector_server_files[0].size_bytes}, hash);
    *ret = (struct server){.service = {.home = home,
                                       .name = "the private vector server",
                                       .argument = ret->data,
                                       .look_further = look_further},
                           .home = home};
    int program = snprintf(ret->program, PATH_MAX, "%s/vector/" PROGRAM_PREFIX "%.8s.pyz",
                           home->servers, hash);
    int data = snprintf(ret->data, PATH_MAX, "%s/vector", home->servers);
    int socket = snprintf(ret->socket, PATH_MAX, "%s/vectors.sock", home->run);
    int engine = snprintf(ret->engine, PATH_MAX, "%s/qdrant-edge", home->assets);
    struct sockaddr_un address;
    if (program >= PATH_MAX || data >= PATH_MAX || engine >= PATH_MAX ||
        (size_t)socket >= sizeof address.sun_path)
        return error_set(error, GROVE_INVALID, "the path of grove's folder is too long");
    return service_paths(&ret->service, "vector/", "vector", error);
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
    enum grove_code code = service_prepare_log(&server->service, error);
    if (code != GROVE_OK)
        return code;
    home_act_as_servers(server->home);
    code = folder_make(server->data, 0700, error);
    if (code == GROVE_OK)
        code = write_program(server, error);
    if (code == GROVE_OK)
        remove_other_programs(server);
    home_act_as_self(server->home);
    return code;
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
    struct home_program program = {.arguments = arguments, .log_path = server->service.log};
    struct call call; // one of its own: a search in a hurry does not keep it from being started
    call_init(&call);
    call_within(&call, PYTHON_TIMEOUT_MS);
    enum grove_code code = home_run(server->home, &program, &call, &status, error);
    if (code != GROVE_OK || status == 0)
        return code;
    if (status == TOO_OLD) {
        error_set(error, GROVE_UNSUPPORTED,
                  "the private vector server needs Python 3.10 or later, " PYTHON " is older");
        error_hint(error, "upgrade the system, or set QDRANT_URL to a Qdrant server");
        return GROVE_UNSUPPORTED;
    }
    if (status == 128 + SIGKILL) // of the shell that ran it: nothing is wrong with it
        return error_set(error, GROVE_UNAVAILABLE, PYTHON " was killed before it ran");
    error_set(error, GROVE_UNSUPPORTED, PYTHON " does not work: it ended with status %d", status);
    error_hint(error, "reinstall it: apt install --reinstall python3");
    return GROVE_UNSUPPORTED;
}

static enum grove_code launch(const struct server *server, struct grove_error *error)
{
    char kept[16];
    pid_t pid = 0;
    enum grove_code code = prepare_folders(server, error);
    if (code == GROVE_OK)
        code = check_python(server, error);
    if (code != GROVE_OK)
        return code;
    snprintf(kept, sizeof kept, "%d", HOME_KEPT_DESCRIPTOR);
    const char *const arguments[] = {
        PYTHON,   "-I",         "-S",     "-B", server->program, "--engine",     server->engine,
        "--data", server->data, "--lock", kept, "--socket",      server->socket, NULL};
    code = service_launch(&server->service, arguments, &pid, error);
    return code == GROVE_OK ? INJECT(VECTOR_SERVER_SPAWNED, error) : code;
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

struct start {
    bool launched;      // by us, and nobody before us
    bool failed_before; // the last one never listened, and ended
    off_t log_from;     // how much of the log is older
};

// One that was killed leaves its socket, one that was told to stop nothing, and one that could not
// start its number alone. So does one of another boot, since which sockets may have been cleared
// away. A socket that is left is of no use to anybody.
static bool take_remains(const struct server *server, const struct service_view *view)
{
    home_act_as_servers(server->home);
    bool listened = unlink(server->socket) == 0;
    home_act_as_self(server->home);
    return process_is_of_here(&view->process) && !listened;
}

// Looks who runs, and starts it where nobody does.
static enum grove_code start_locked(const struct server *server, struct start *ret,
                                    struct grove_error *error)
{
    struct service_view view;
    service_find(&server->service, &view);
    // One that is on its way out is waited for.
    if (view.state == SERVICE_ORPHANED && service_wait_gone(&server->service, STOP_TIMEOUT_MS))
        view.state = SERVICE_GONE;
    ret->log_from = service_log_size(&server->service);
    if (view.state == SERVICE_UNSEEN)
        return service_refuse(&server->service, &view, error);
    if (view.state == SERVICE_RUNS)
        return GROVE_OK;
    ret->launched = true;
    ret->failed_before = take_remains(server, &view);
    return launch(server, error);
}

static enum service_answer ask(void *state, const struct call *call)
{
    return is_ready(state, call) ? SERVICE_READY : SERVICE_NOT_YET;
}

// Who does not wait until it has ended again hears why it did the last time.
static enum grove_code tell_last_failure(const struct server *server, struct grove_error *error)
{
    error_set(error, GROVE_UNAVAILABLE, "%s ended while it was starting", server->service.name);
    service_tell_log(&server->service, 0, error);
    return error->code;
}

static enum grove_code start_and_wait(struct server *server, const struct call *call,
                                      bool *ret_launched, struct grove_error *error)
{
    struct start start = {.launched = false};
    struct service_wait wait = {.ask = ask,
                                .state = server,
                                .socket = server->socket,
                                .limit_ms = START_TIMEOUT_MS,
                                .silent_ms = SILENT_MS};
    struct home_lock lock = {.descriptor = -1};
    enum grove_code code = home_lock(server->home, LOCK_TIMEOUT_MS, call, &lock, error);
    if (code != GROVE_OK)
        return code;
    bool listens = look_who_listens(server) != LISTENS_NOT;
    if (!listens)
        code = start_locked(server, &start, error);
    wait.log_from = start.log_from;
    *ret_launched = start.launched;
    // Whoever comes meanwhile waits for the server, not for us.
    home_unlock(&lock);
    if (code != GROVE_OK)
        return code;
    // Who is not patient leaves one that somebody else has begun to start.
    bool hurries = call && !call->patient;
    if (!listens && !start.launched && hurries)
        return error_set(error, GROVE_TIMEOUT, "the private vector server is still starting");
    code = service_wait(&server->service, &wait, call, error);
    bool is_over = code == GROVE_TIMEOUT && hurries;
    return is_over && start.failed_before ? tell_last_failure(server, error) : code;
}

enum grove_code vector_server_start(const struct home *home, const struct call *call,
                                    struct grove_error *error)
{
    enum { ATTEMPTS = 2 };
    struct server server;
    enum grove_code code = server_paths(home, &server, error);
    enum listening listening = code == GROVE_OK ? look_who_listens(&server) : LISTENS;
    if (listening == LISTENS)
        return code;
    if (listening == LISTENS_AND_HANGS)
        return set_hangs(error);
    code = check_engine(&server, error);
    bool ended = code == GROVE_OK;
    for (int i = 0; i < ATTEMPTS && ended; i++) {
        struct service_view view;
        bool launched = false;
        code = start_and_wait(&server, call, &launched, error);
        service_find(&server.service, &view);
        // Another one's was on its way out; or ours ended since another has the folder.
        bool gone = view.state == SERVICE_GONE || view.state == SERVICE_ORPHANED;
        ended = !(call && !call->patient) && (code == GROVE_UNAVAILABLE || code == GROVE_IO) &&
                (launched ? view.state == SERVICE_RUNS : gone);
    }
    if (code != GROVE_OK)
        error_context(error, "starting the private vector server");
    return code;
}

// --- stopping ------------------------------------------------------------------------------------

enum grove_code vector_server_stop(const struct home *home, const struct call *call,
                                   struct grove_error *error)
{
    // What was acknowledged is in its log; after the second it is replayed at the next start.
    static const struct service_step steps[] = {{SIGTERM, STOP_TIMEOUT_MS},
                                                {SIGKILL, KILL_TIMEOUT_MS}};
    struct server server;
    size_t needed;
    enum grove_code code = server_paths(home, &server, error);
    struct home_lock lock = {.descriptor = -1};
    if (code == GROVE_OK)
        code = home_lock(home, LOCK_TIMEOUT_MS, call, &lock, error);
    if (code != GROVE_OK)
        return code;
    code = service_stop(&server.service, steps, ARRAY_COUNT(steps), call, &needed, error);
    home_unlock(&lock);
    return code;
}

enum grove_code vector_server_status(const struct home *home, struct vector_server_status *ret,
                                     struct grove_error *error)
{
    struct server server;
    struct service_view view;
    enum grove_code code = server_paths(home, &server, error);
    if (code != GROVE_OK)
        return code;
    service_find(&server.service, &view);
    *ret = (struct vector_server_status){
        .running = view.state == SERVICE_RUNS || view.state == SERVICE_UNSEEN,
        .pid = view.state == SERVICE_RUNS ? (int)view.process.pid : 0};
    return GROVE_OK;
}
