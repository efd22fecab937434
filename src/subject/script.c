// SPDX-License-Identifier: Apache-2.0
//
// The scripts for review: what the command does on a database that has the specification's nine
// subjects and no others, phase by phase.
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "content/sample.h"
#include "subject/name.h"
#include "subject/phase.h"
#include "subject/subject.h"

enum { SCRIPT_BYTES_MAX = 4 << 20, NAME_SIZE = 64, TABLES_SIZE = 512 };

static void add_head(struct strbuf *out, const char *what)
{
    strbuf_addf(out,
                "-- SPDX-License-Identifier: Apache-2.0\n--\n-- %s\n--\n"
                "-- Written by \"grove subject\", which does the same by itself",
                what);
}

static void add_phases(struct strbuf *out, const enum phase *phases, size_t count,
                       const struct phase_names *names)
{
    strbuf_add(out,
               ", waits for locks and goes on after an\n"
               "-- interruption. By hand, with psql -v ON_ERROR_STOP=1: where a phase ends with "
               "\"canceling\n-- statement due to lock timeout\", somebody had what it locks; "
               "run that phase again. For a\n-- database with the specification's nine subjects "
               "and this one: where there are others, the CHECK\n-- must have them, and it ends "
               "before that is changed.\n");
    for (size_t i = 0; i < count; i++) {
        strbuf_addf(out, "\n-- --- phase %zu of %zu: %s\n-- locks %s\nBEGIN;\n", i + 1, count,
                    phase_name(phases[i]), phase_locks(phases[i]));
        phase_add_sql(out, phases[i], names);
        strbuf_add(out, "COMMIT;\n");
    }
}

static void add_migration(struct strbuf *out, const struct phase_names *names)
{
    static const enum phase phases[] = {PHASE_TABLE, PHASE_EXTEND, PHASE_VALIDATE, PHASE_ENTER,
                                        PHASE_SETTLE};
    add_head(out,
             "Adds a subject to a database that is in use. Make a backup first: grove pg_dump.");
    add_phases(out, phases, ARRAY_COUNT(phases), names);
}

static void add_rollback(struct strbuf *out, const struct phase_names *names)
{
    static const enum phase phases[] = {PHASE_FORBID, PHASE_EMPTY, PHASE_VALIDATE, PHASE_LEAVE};
    struct phase_names without = *names;
    without.tables = text_of(NAME_SPECIFIED_TABLES);
    add_head(out, "Removes the subject again, with all that is in it. Make a backup first: grove "
                  "pg_dump.");
    add_phases(out, phases, ARRAY_COUNT(phases), &without);
}

static void add_validation(struct strbuf *out, const struct phase_names *names)
{
    add_head(out, "Checks a subject: one row for each check. Changes nothing.");
    strbuf_add(out, ".\n\n");
    phase_add_template(out, "validation.sql", names);
}

// --- the sample ----------------------------------------------------------------------------------

static void add_literal(struct strbuf *out, struct text text)
{
    strbuf_add_char(out, '\'');
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '\'')
            strbuf_add_char(out, '\'');
        strbuf_add_char(out, text.data[i]);
    }
    strbuf_add_char(out, '\'');
}

static void add_field(struct strbuf *out, yyjson_val *object, const char *name, const char *behind)
{
    yyjson_val *value = yyjson_obj_get(object, name);
    if (yyjson_is_uint(value))
        strbuf_addf(out, "%llu", (unsigned long long)yyjson_get_uint(value));
    else
        add_literal(out, json_text(value));
    strbuf_add(out, behind);
}

// A row of VALUES; the fields of a line, in this order.
static bool add_row(struct strbuf *out, struct text line, const char *const *fields, size_t count)
{
    yyjson_doc *document =
        yyjson_read_opts((char *)(uintptr_t)line.data, line.length, 0, json_allocator(), NULL);
    if (!document)
        return false;
    yyjson_val *root = yyjson_doc_get_root(document);
    strbuf_add(out, "    (");
    for (size_t i = 0; i < count; i++)
        add_field(out, root, fields[i], i + 1 < count ? ",\n     " : ")");
    yyjson_doc_free(document);
    return true;
}

static void add_rows(struct strbuf *out, const char *file, const char *const *fields, size_t count)
{
    struct text rest = sample_file(file), line;
    bool first = true;
    while (text_split(&rest, '\n', &line)) {
        if (line.length == 0)
            continue;
        strbuf_add(out, first ? "" : ",\n");
        out->failed |= !add_row(out, line, fields, count);
        first = false;
    }
}

static void add_sample(struct strbuf *out, const struct phase_names *names)
{
    static const char *const leaf_fields[] = {"branch", "limb", "leaf", "description"};
    static const char *const fields[] = {"branch",       "limb",         "leaf",
                                         "content_type", "chunk_number", "title",
                                         "summary",      "word_count",   "body"};
    add_head(
        out,
        "The sample of Science: 7 leaves and 12 contents. Their vectors are computed by \"grove "
        "sync\".");
    strbuf_add(out, ".\n\nBEGIN;\n");
    strbuf_addf(out, "INSERT INTO public.%.*s (branch, limb, leaf, description)\nVALUES\n",
                TEXT_ARGS(names->table));
    add_rows(out, "science_leaves.jsonl", leaf_fields, ARRAY_COUNT(leaf_fields));
    strbuf_add(out, "\nON CONFLICT (branch, limb, leaf) DO NOTHING;\n\n");
    strbuf_add(out, "WITH texts (branch, limb, leaf, content_type, chunk_number, title, summary, "
                    "word_count, body) AS (\n    VALUES\n");
    add_rows(out, "science.jsonl", fields, ARRAY_COUNT(fields));
    strbuf_addf(
        out,
        "\n), written AS (\n"
        "    INSERT INTO public.content_metadata (hierarchy_table, leaf_id, content_type, title,\n"
        "        content_summary, chunk_number, word_count)\n"
        "    SELECT '%.*s', l.id, t.content_type, t.title, t.summary, t.chunk_number, "
        "t.word_count\n"
        "    FROM texts AS t\n"
        "    JOIN public.%.*s AS l ON (l.branch, l.limb, l.leaf) = (t.branch, t.limb, t.leaf)\n"
        "    ON CONFLICT (hierarchy_table, leaf_id, content_type, chunk_number) DO NOTHING\n"
        "    RETURNING id, title\n"
        ")\n"
        "INSERT INTO grove.body (content_id, body)\n"
        "SELECT w.id, t.body FROM written AS w JOIN texts AS t ON t.title = w.title;\n"
        "COMMIT;\n",
        TEXT_ARGS(names->table), TEXT_ARGS(names->table));
}

// -------------------------------------------------------------------------------------------------

enum grove_code subject_script(enum grove_subject_script script, const char *name, char **ret,
                               struct grove_error *error)
{
    static void (*const add[])(struct strbuf *, const struct phase_names *) = {
        [GROVE_SUBJECT_MIGRATION] = add_migration,
        [GROVE_SUBJECT_ROLLBACK] = add_rollback,
        [GROVE_SUBJECT_VALIDATION] = add_validation,
        [GROVE_SUBJECT_SAMPLE] = add_sample,
    };
    char table[NAME_SIZE], tables[TABLES_SIZE];
    enum grove_code code = name_check(name, error);
    if (code != GROVE_OK)
        return code;
    if ((size_t)script >= ARRAY_COUNT(add))
        return error_set(error, GROVE_INVALID, "there is no script %d", (int)script);
    if (script == GROVE_SUBJECT_SAMPLE && strcmp(name, "science") != 0)
        return error_set(error, GROVE_INVALID, "there is no sample of \"%s\"", name);
    snprintf(table, sizeof table, "%s_hierarchy", name);
    snprintf(tables, sizeof tables, NAME_SPECIFIED_TABLES ", '%s'", table);
    const struct phase_names names = {
        .stem = text_of(name), .table = text_of(table), .tables = text_of(tables)};
    struct strbuf out;
    strbuf_init(&out, SCRIPT_BYTES_MAX);
    add[script](&out, &names);
    char *text = out.failed ? NULL : mem_strdup(out.data);
    strbuf_release(&out);
    if (!text)
        return error_no_memory(error, "a script");
    *ret = text;
    return GROVE_OK;
}
