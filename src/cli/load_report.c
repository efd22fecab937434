// SPDX-License-Identifier: Apache-2.0
#include "cli/load_report.h"

#include "cli/format.h"
#include "commands/answers.h"

static void add_part(struct strbuf *out, int64_t count, const char *what)
{
    if (count == 0)
        return;
    if (out->length && out->data[out->length - 1] != ' ')
        strbuf_add(out, ", ");
    format_count(out, count);
    strbuf_addf(out, " %s", what);
}

// "read 3,000 rows in 1.2 s", or with all three numbers where not all of them went in.
static void add_outcome(struct strbuf *out, const struct grove_load_progress *done)
{
    strbuf_add(out, "read ");
    format_counted(out, done->rows_read, "row", "rows");
    if (answer_rows_loaded(done) != done->rows_read) {
        strbuf_add(out, ", loaded ");
        format_count(out, answer_rows_loaded(done));
        strbuf_add(out, " and refused ");
        format_count(out, done->rows_bad);
        strbuf_add_char(out, ',');
    }
    strbuf_add(out, " in ");
    format_seconds(out, done->seconds);
    if (done->seconds > 0 && done->rows_read > 0) {
        strbuf_add(out, " (");
        format_rate(out, done->rows_read, done->seconds);
        strbuf_add(out, " rows/s)");
    }
}

// "2 documents in 31 chunks: 3 written, 28 unchanged"
static void add_documents(struct strbuf *out, const struct grove_load_progress *done)
{
    if (done->documents == 0)
        return;
    strbuf_add_char(out, '\n');
    format_counted(out, done->documents, "document", "documents");
    strbuf_add(out, " in ");
    format_counted(out, done->chunks_written + done->chunks_kept, "chunk", "chunks");
    strbuf_add(out, ": ");
    add_part(out, done->chunks_written, "written");
    add_part(out, done->chunks_kept, "unchanged");
    add_part(out, done->chunks_removed, "removed");
}

void load_report_add(struct strbuf *out, const struct grove_load_progress *done)
{
    add_outcome(out, done);
    strbuf_add(out, ": ");
    add_part(out, done->rows_inserted, "inserted");
    add_part(out, done->rows_updated, "updated");
    add_part(out, done->rows_unchanged, "unchanged");
    add_part(out, done->rows_embedded, "embedded");
    add_part(out, done->leaves_created, done->leaves_created == 1 ? "new leaf" : "new leaves");
    if (out->length && out->data[out->length - 1] == ' ')
        strbuf_add(out, done->rows_read == 0 ? "nothing to load" : "nothing was loaded");
    add_documents(out, done);
    strbuf_add(out, "\ntime: reading ");
    format_seconds(out, done->seconds_reading);
    strbuf_add(out, ", database ");
    format_seconds(out, done->seconds_database);
    strbuf_add(out, ", embedding ");
    format_seconds(out, done->seconds_embedding);
    strbuf_add(out, ", vectors ");
    format_seconds(out, done->seconds_vectors);
    strbuf_add_char(out, '\n');
    if (done->rows_cut == 0)
        return;
    format_count(out, done->rows_cut);
    strbuf_add(out, " of ");
    format_counted(out, done->rows_embedded, "text is", "texts are");
    strbuf_addf(out,
                " longer than the %d tokens that the model reads; what comes later is not found, "
                "but in documents: give rows a key in \"document\", or run grove rechunk\n",
                GROVE_TOKENS_MAX);
}

void load_report_add_member(struct strbuf *out, const struct grove_load_progress *done)
{
    struct answer_load answer = {.progress = *done, .rows_loaded = answer_rows_loaded(done)};
    json_key(out, "load");
    shape_add(out, &load_progress_shape, &answer);
}
