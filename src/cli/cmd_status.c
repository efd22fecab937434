// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "cli/format.h"
#include "cli/index_report.h"
#include "cli/projectors_report.h"
#include "cli/session.h"
#include "commands/answers.h"

enum { LABEL_WIDTH = 12, STATUS_BYTES_MAX = 1 << 16, ATTACHED_SHOWN = 10 };

static void add_label(struct strbuf *out, const struct terminal *terminal, const char *label)
{
    strbuf_addf(out, "%s%-*s%s", terminal_style(terminal, STYLE_DIM), LABEL_WIDTH, label,
                terminal_style(terminal, STYLE_PLAIN));
}

static void add_line(struct strbuf *out, const struct terminal *terminal, const char *label,
                     const char *value)
{
    if (!value[0])
        return;
    struct strbuf safe;
    strbuf_init(&safe, STATUS_BYTES_MAX);
    display_add_safe(&safe, text_of(value));
    add_label(out, terminal, label);
    display_add_flowing(out, terminal, strbuf_text(&safe), LABEL_WIDTH, LABEL_WIDTH);
    strbuf_release(&safe);
}

struct server {
    const char *label, *kind, *version, *where, *error;
    bool ok, is_private;
};

static void add_server(struct strbuf *out, const struct terminal *terminal,
                       const struct server *server)
{
    add_label(out, terminal, server->label);
    enum style style = server->ok ? STYLE_GREEN : STYLE_RED;
    strbuf_addf(out, "%s%s%s  %s%s ", terminal_style(terminal, style), server->ok ? "ok" : "down",
                terminal_style(terminal, STYLE_PLAIN), server->is_private ? "private " : "",
                server->kind);
    display_add_safe(out, text_of(server->version));
    while (out->length && out->data[out->length - 1] == ' ')
        out->data[--out->length] = '\0';
    strbuf_add_char(out, '\n');
    add_line(out, terminal, "", server->where);
    if (!server->ok)
        add_line(out, terminal, "", server->error);
}

static void add_collection(struct strbuf *out, const struct terminal *terminal,
                           const struct grove_status *status)
{
    struct strbuf line;
    strbuf_init(&line, STATUS_BYTES_MAX);
    strbuf_add(&line, status->collection);
    if (status->engine_ok) {
        strbuf_add(&line, ", ");
        format_counted(&line, status->points, "point", "points");
        strbuf_add(&line, ", ");
        format_count(&line, status->points_indexed);
        strbuf_add(&line, " indexed");
        strbuf_addf(&line, "%s%s", status->collection_status[0] ? ", " : "",
                    status->collection_status);
    }
    add_line(out, terminal, "collection", line.data);
    strbuf_clear(&line);
    if (status->collection_of[0])
        strbuf_addf(&line, "that of another database, %s: refused", status->collection_of);
    add_line(out, terminal, "", line.length > 0 ? line.data : "");
    strbuf_release(&line);
}

static void add_projection(struct strbuf *out, const struct terminal *terminal,
                           const struct grove_status *status)
{
    add_label(out, terminal, "projection");
    if (status->doubt[0]) {
        strbuf_addf(out, "to be compared first%s: %s\n",
                    status->projector_running ? "" : ", run grove sync", status->doubt);
    } else if (status->pending > 0) {
        format_count(out, status->pending);
        strbuf_add(out, " pending, the oldest for ");
        format_seconds(out, (double)status->oldest_pending_seconds);
        strbuf_add(out, status->projector_running ? "\n" : ": run grove sync\n");
    } else if (status->contents > 0 && strcmp(status->collection_status, "missing") == 0) {
        strbuf_addf(out, "all of it is missing%s\n",
                    status->projector_running ? "" : ": run grove sync");
    } else {
        strbuf_add(out, "up to date\n");
    }
    if (status->dead <= 0)
        return;
    add_label(out, terminal, "");
    strbuf_add(out, terminal_style(terminal, STYLE_YELLOW));
    format_count(out, status->dead);
    strbuf_addf(out, " given up on%s: see grove dead list\n",
                terminal_style(terminal, STYLE_PLAIN));
}

// "equal, 3 min ago", or what was found.
static void add_verified(struct strbuf *out, const struct terminal *terminal,
                         const struct grove_status *status)
{
    struct strbuf line;
    strbuf_init(&line, STATUS_BYTES_MAX);
    if (status->verified && !status->verified_ended) {
        strbuf_add(&line, "not finished: grove verify --resume goes on");
    } else if (status->verified && status->verified_differences > 0) {
        format_count(&line, status->verified_differences);
        strbuf_add(&line, " different: run grove repair");
    } else if (status->verified) {
        strbuf_add(&line, "equal");
    }
    if (status->verified) {
        strbuf_addf(&line, "; %s%s%s, ", status->verified_quick ? "quick" : "whole",
                    status->verified_path[0] ? ", " : "", status->verified_path);
        format_seconds(&line, status->verified_age_seconds);
        strbuf_add(&line, " ago");
    }
    add_line(out, terminal, "verified", line.data);
    strbuf_release(&line);
}

// "public.articles, kept: 12 documents; 3 rows wait, the oldest for 2 s; 1 refused", and below it
// what failed last.
static void add_attachment(struct strbuf *out, const struct terminal *terminal, const char *label,
                           const struct grove_attachment *item)
{
    struct strbuf line;
    strbuf_init(&line, STATUS_BYTES_MAX);
    strbuf_addf(&line, "%s, %s: ", item->table ? item->table : item->source,
                format_attach_state(item->state));
    format_counted(&line, item->documents, "document", "documents");
    if (item->waiting > 0) {
        strbuf_add(&line, "; ");
        format_counted(&line, item->waiting, "row waits", "rows wait");
    }
    if (item->waiting > 0 && item->oldest_seconds != GROVE_NULL) {
        strbuf_add(&line, ", the oldest for ");
        format_seconds(&line, (double)item->oldest_seconds);
    }
    if (item->refused > 0) {
        strbuf_add(&line, "; ");
        format_count(&line, item->refused);
        strbuf_add(&line, " refused: see grove attachments");
    }
    add_line(out, terminal, label, line.data);
    add_line(out, terminal, "", item->failure ? item->failure : "");
    strbuf_release(&line);
}

static void add_attached(struct strbuf *out, const struct terminal *terminal,
                         const struct grove_attachments *attached)
{
    size_t count = attached ? attached->count : 0;
    for (size_t i = 0; i < count && i < ATTACHED_SHOWN; i++)
        add_attachment(out, terminal, i == 0 ? "attached" : "", &attached->items[i]);
    if (count > ATTACHED_SHOWN)
        add_line(out, terminal, "", "and others: see grove attachments");
}

static void add_projector(struct strbuf *out, const struct terminal *terminal,
                          const struct grove_status *status)
{
    if (!status->database_private || !status->engine_private)
        return;
    add_label(out, terminal, "projector");
    if (status->projector_running)
        strbuf_addf(out, "%srunning%s", terminal_style(terminal, STYLE_GREEN),
                    terminal_style(terminal, STYLE_PLAIN));
    else
        strbuf_add(out, !status->projector_wanted ? "switched off"
                        : status->database_ok     ? "not running: the next command starts it"
                                                  : "not running; it starts with the database");
    if (status->projector_pid > 0)
        strbuf_addf(out, ", process %d", status->projector_pid);
    strbuf_add_char(out, '\n');
    add_line(out, terminal, "", status->projector_error);
}

static void add_index(struct strbuf *out, const struct terminal *terminal,
                      const struct grove_status *status)
{
    struct strbuf line;
    strbuf_init(&line, STATUS_BYTES_MAX);
    index_report_add(&line, &status->index, status->projector_running);
    if (status->index.state == GROVE_INDEX_EXAMINED) {
        strbuf_add(&line, "; ");
        format_seconds(&line, status->index.age_seconds);
        strbuf_add(&line, " ago");
    }
    add_line(out, terminal, "index", line.data);
    strbuf_release(&line);
}

static void add_projecting(struct strbuf *out, const struct terminal *terminal,
                           const struct grove_projectors *projectors)
{
    struct strbuf line;
    strbuf_init(&line, STATUS_BYTES_MAX);
    projectors_report_sum(&line, projectors);
    add_line(out, terminal, "projecting", line.length > 0 ? line.data : "");
    strbuf_release(&line);
}

static const char *tell_schema(const struct grove_status *status)
{
    bool works = status->schema_works;
    if (status->schema_version < status->schema_wanted)
        return works ? ", and newer migrations to come: run grove init"
                     : ", out of date: run grove init";
    if (!works)
        return ", of a newer grove";
    return status->schema_version > status->schema_wanted
               ? ", of a newer grove; this one works with it"
               : "";
}

// What is found in part only, and what mends that.
static void add_long_texts(struct strbuf *out, const struct terminal *terminal,
                           const struct grove_status *status)
{
    struct strbuf line;
    if (status->long_texts == 0 && !status->long_texts_more && status->long_texts_known)
        return;
    strbuf_init(&line, STATUS_BYTES_MAX);
    if (status->long_texts > 0 || status->long_texts_more) {
        strbuf_add(&line, status->long_texts_more ? "more than " : "");
        format_counted(&line, status->long_texts, "content is", "contents are");
        strbuf_add(&line, " longer than the model reads, and found by the beginning only: "
                          "grove rechunk splits them");
    }
    if (!status->long_texts_known) {
        strbuf_add(&line, line.length > 0 ? "; " : "");
        strbuf_add(&line, status->projector_running ? "older ones are still looked at"
                                                    : "older ones are not looked at: grove sync "
                                                      "does");
    }
    add_line(out, terminal, "long texts", line.data);
    strbuf_release(&line);
}

static void add_contents(struct strbuf *out, const struct terminal *terminal,
                         const struct grove_status *status,
                         const struct grove_attachments *attached)
{
    add_label(out, terminal, "schema");
    strbuf_addf(out, "version %d%s\n", status->schema_version, tell_schema(status));
    struct strbuf line;
    strbuf_init(&line, STATUS_BYTES_MAX);
    if (status->identity[0])
        strbuf_addf(&line, "%s, epoch %lld", status->identity, (long long)status->epoch);
    add_line(out, terminal, "identity", line.length > 0 ? line.data : "");
    strbuf_clear(&line);
    format_count(&line, status->contents);
    strbuf_add(&line, " in ");
    format_counted(&line, status->leaves, "leaf", "leaves");
    strbuf_add(&line, " of ");
    format_counted(&line, status->subjects, "subject", "subjects");
    strbuf_add(&line, ", ");
    format_bytes(&line, status->database_bytes);
    add_line(out, terminal, "contents", line.data);
    strbuf_release(&line);
    add_label(out, terminal, "embeddings");
    format_count(out, status->embeddings);
    strbuf_add_char(out, '\n');
    add_long_texts(out, terminal, status);
    add_projection(out, terminal, status);
    add_attached(out, terminal, attached);
    add_verified(out, terminal, status);
}

// Why it does not answer: "out for 12 s: it did not answer in time; searches do without it ..."
static void add_engine(struct strbuf *out, const struct terminal *terminal,
                       const struct grove_status *status)
{
    struct strbuf outage;
    strbuf_init(&outage, STATUS_BYTES_MAX);
    if (status->engine_out) // then the error would say the same again
        strbuf_addf(
            &outage,
            "out for %lld s: %s; searches do without it, and it is tried again within %lld s",
            (long long)status->engine_out_seconds, status->engine_out_reason,
            (long long)(status->engine_retry_seconds > 0 ? status->engine_retry_seconds : 1));
    struct server engine = {"vectors",
                            "Qdrant",
                            status->engine_version,
                            status->engine,
                            status->engine_out ? outage.data : status->engine_error,
                            status->engine_ok,
                            status->engine_private};
    add_server(out, terminal, &engine);
    strbuf_release(&outage);
}

// What status asks for by calls of their own; NULL: that is not known.
struct lists {
    struct grove_attachments *attached;
    struct grove_projectors *projectors;
};

// "all-MiniLM-L6-v2/f32", and below it, while it changes: "to all-MiniLM-L6-v2/int8: 12 of 40
// embedded; searches go on as before".
static void add_model(struct strbuf *out, const struct terminal *terminal,
                      const struct grove_status *status)
{
    struct strbuf line;
    add_line(out, terminal, "model", status->model);
    if (!status->next_model[0])
        return;
    strbuf_init(&line, STATUS_BYTES_MAX);
    strbuf_addf(&line, "changes to %s: ", status->next_model);
    format_count(&line, status->next_embedded);
    strbuf_add(&line, " of ");
    format_count(&line, status->contents);
    strbuf_addf(&line, " embedded, and searches go on as before%s",
                status->projector_running ? "" : ": run grove sync");
    add_line(out, terminal, "", line.data);
    strbuf_release(&line);
}

static void add_report(struct strbuf *out, const struct terminal *terminal,
                       const struct grove_status *status, const struct lists *lists)
{
    add_line(out, terminal, "home", status->home);
    add_model(out, terminal, status);
    struct server database = {"database",
                              "PostgreSQL",
                              status->database_version,
                              status->database,
                              status->database_error,
                              status->database_ok,
                              status->database_private};
    add_server(out, terminal, &database);
    if (status->database_ok)
        add_contents(out, terminal, status, lists->attached);
    add_engine(out, terminal, status);
    add_collection(out, terminal, status);
    add_projector(out, terminal, status);
    add_projecting(out, terminal, lists->projectors);
    add_index(out, terminal, status);
    projectors_report_add(out, terminal, lists->projectors);
}

static enum grove_code print_status(struct session *session, const struct grove_status *status,
                                    const struct lists *lists, struct grove_error *error)
{
    struct strbuf out;
    struct answer_status answer;
    if (session->json) {
        answer_status_of(status, lists->attached, lists->projectors, &answer);
        return session_print_shape(session, &answer_status_shape, &answer, error);
    }
    strbuf_init(&out, STATUS_BYTES_MAX);
    add_report(&out, &session->out, status, lists);
    enum grove_code code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

enum grove_code cmd_status(struct session *session, struct grove_error *error)
{
    struct grove_status status = {0};
    struct lists lists = {NULL, NULL};
    struct grove_error ignored;
    enum grove_code code = session_open(session, error);
    if (code == GROVE_OK)
        code = grove_get_status(session->grove, &status, error);
    // Status starts no server, and what fails is no failure of it.
    bool known = code == GROVE_OK && status.database_ok && status.schema_works;
    if (known)
        (void)!grove_list_attachments(session->grove, NULL, &lists.attached, &ignored);
    if (known)
        (void)!grove_list_projectors(session->grove, NULL, &lists.projectors, &ignored);
    if (code == GROVE_OK)
        code = print_status(session, &status, &lists, error);
    grove_free(lists.attached);
    grove_free(lists.projectors);
    if (code == GROVE_OK && !(status.database_ok && status.engine_ok))
        session->exit_status = grove_code_info(GROVE_UNAVAILABLE)->exit_status;
    return code;
}
