// SPDX-License-Identifier: Apache-2.0
#include "commands/filter.h"
#include "cli/format.h"
#include "cli/rows.h"
#include "cli/session.h"
#include "cli/show.h"
#include "commands/requests.h"
#include "cli/table.h"
#include "commands/answers.h"

enum { NAME_BYTES_MAX = 1 << 14 };

// --- for people ----------------------------------------------------------------------------------

static void add_places(struct strbuf *out, const struct terminal *terminal,
                       const struct grove_listing *listing, bool by_path)
{
    static const struct table_column columns[][5] = {
        {{"TREE", .width_min = 12, .style = STYLE_BOLD},
         {"BRANCHES", .right = true, .drop = 3},
         {"LIMBS", .right = true, .drop = 2},
         {"LEAVES", .right = true, .drop = 1},
         {"CONTENTS", .right = true}},
        {{"BRANCH", .width_min = 12, .style = STYLE_BOLD},
         {"LIMBS", .right = true, .drop = 2},
         {"LEAVES", .right = true, .drop = 1},
         {"CONTENTS", .right = true}},
        {{"LIMB", .width_min = 12, .style = STYLE_BOLD},
         {"LEAVES", .right = true, .drop = 1},
         {"CONTENTS", .right = true}},
        {{"LEAF", .width_min = 12, .style = STYLE_BOLD}, {"CONTENTS", .right = true}},
    };
    struct table table;
    size_t level = listing->level;
    table_init(&table, columns[level], 5 - level);
    for (size_t i = 0; i < listing->place_count; i++) {
        const struct grove_place *place = &listing->places[i];
        const int64_t counts[] = {place->branches, place->limbs, place->leaves, place->contents};
        table_add(&table, by_path ? place->path : place->name);
        for (size_t k = level; k < ARRAY_COUNT(counts); k++)
            table_add_count(&table, counts[k]);
    }
    table_print(&table, terminal, out);
    table_release(&table);
}

static void add_types(struct strbuf *out, const struct terminal *terminal,
                      const struct grove_listing *listing)
{
    static const struct table_column columns[] = {{"TYPE", .width_min = 12, .style = STYLE_BOLD},
                                                  {"CONTENTS", .right = true}};
    struct table table;
    table_init(&table, columns, ARRAY_COUNT(columns));
    for (size_t i = 0; i < listing->type_count; i++) {
        table_add(&table, listing->types[i].name);
        table_add_count(&table, listing->types[i].contents);
    }
    if (listing->type_count > 0)
        strbuf_add_char(out, '\n');
    table_print(&table, terminal, out);
    table_release(&table);
}

// By the names that grove document takes.
static void add_documents(struct strbuf *out, const struct terminal *terminal,
                          const struct grove_listing *listing)
{
    static const struct table_column columns[] = {
        {"DOCUMENT", .width_min = 12, .style = STYLE_BOLD},
        {"TITLE", .width_min = 12, .drop = 2},
        {"TYPE", .drop = 1},
        {"CHUNKS", .right = true},
    };
    struct table table;
    struct strbuf name;
    if (listing->document_count == 0)
        return;
    table_init(&table, columns, ARRAY_COUNT(columns));
    strbuf_init(&name, NAME_BYTES_MAX);
    for (size_t i = 0; i < listing->document_count; i++) {
        const struct grove_listed_document *document = &listing->documents[i];
        strbuf_clear(&name);
        format_document(&name, document->table, document->source, document->key);
        table_add(&table, name.failed ? document->key : name.data);
        table_add(&table, document->title);
        table_add(&table, document->content_type);
        table_add_count(&table, document->chunks);
    }
    strbuf_add_char(out, '\n');
    table_print(&table, terminal, out);
    strbuf_release(&name);
    table_release(&table);
}

static enum grove_code print_text(struct session *session, const struct grove_listing *listing,
                                  struct grove_error *error)
{
    struct strbuf out;
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    add_places(&out, &session->out, listing, options_has(&session->options, OPTION_LEAVES));
    add_documents(&out, &session->out, listing);
    add_types(&out, &session->out, listing);
    if (listing->place_count == 0)
        strbuf_add(&out, "nothing is there\n");
    if (listing->next_cursor) {
        strbuf_add_char(&out, '\n');
        show_add_next(&out, session, listing->next_cursor);
    }
    enum grove_code code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

// --- for programs --------------------------------------------------------------------------------

static enum grove_code print_rows(struct session *session, const struct grove_listing *listing,
                                  struct grove_error *error)
{
    static const char *const columns[] = {"path", "branches", "limbs", "leaves", "contents"};
    struct rows rows;
    struct strbuf out;
    strbuf_init(&out, SESSION_OUTPUT_MAX);
    rows_begin(&rows, rows_form(&session->options), &session->out, columns, ARRAY_COUNT(columns),
               &out);
    for (size_t i = 0; i < listing->place_count; i++) {
        rows_add(&rows, listing->places[i].path);
        rows_add_integer(&rows, listing->places[i].branches);
        rows_add_integer(&rows, listing->places[i].limbs);
        rows_add_integer(&rows, listing->places[i].leaves);
        rows_add_integer(&rows, listing->places[i].contents);
    }
    rows_end(&rows);
    enum grove_code code = session_print(session, &out, error);
    strbuf_release(&out);
    return code;
}

static enum grove_code print_json(struct session *session, const struct grove_listing *listing,
                                  struct grove_error *error)
{
    const struct options *options = &session->options;
    const struct answer_listing answer = {options->operand_count ? options->operands[0] : NULL,
                                          *listing};
    return session_print_shape(session, &answer_listing_shape, &answer, error);
}

enum grove_code cmd_ls(struct session *session, struct grove_error *error)
{
    const struct options *options = &session->options;
    struct filter_values values;
    struct grove_listing *listing = NULL;
    enum grove_code code = rows_check(session, error);
    if (code == GROVE_OK)
        code = filter_read(options, &values, error);
    if (code == GROVE_OK)
        code = session_open(session, error);
    if (code != GROVE_OK)
        return code;
    struct grove_list_request request = request_list(options, &values.filter);
    request.path = options->operand_count ? options->operands[0] : NULL;
    code = grove_list(session->grove, &request, &listing, error);
    if (code == GROVE_OK)
        code = session->json                      ? print_json(session, listing, error)
               : rows_form(options) == ROWS_TABLE ? print_text(session, listing, error)
                                                  : print_rows(session, listing, error);
    if (code == GROVE_OK && listing->contents == 0)
        session_warn_of_types(session);
    if (code == GROVE_OK)
        session_warn_waiting(session, listing->waiting);
    grove_listing_free(listing);
    return code;
}
