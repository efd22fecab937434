// SPDX-License-Identifier: Apache-2.0
#include "cli/index_report.h"

#include <math.h>

#include "cli/format.h"

static void add_examined(struct strbuf *out, const struct grove_index *index)
{
    if (index->ef == 0) {
        strbuf_addf(out, "not good enough, so all rows are compared: %s", index->reason);
        return;
    }
    format_counted(out, index->rows, "row", "rows");
    strbuf_add(out, " looked up, ");
    format_count(out, index->listed);
    strbuf_addf(out, " listed, ef %d, ", index->ef);
    if (index->ef_filtered != index->ef)
        strbuf_addf(out, index->ef_filtered > 0 ? "%d with filters, " : "none with filters, ",
                    index->ef_filtered);
    strbuf_addf(out, "recall %.3f on ", index->recall);
    format_counted(out, index->queries, "query", "queries");
    strbuf_add(out, ", ");
    format_seconds(out, index->seconds);
}

void index_report_add(struct strbuf *out, const struct grove_index *index, bool projector_running)
{
    switch (index->state) {
    case GROVE_INDEX_UNKNOWN:
        if (index->reason[0])
            strbuf_addf(out, "the index could not be examined: %s", index->reason);
        break;
    case GROVE_INDEX_NEEDLESS: break;
    case GROVE_INDEX_EXAMINED:
        strbuf_add(out, "examined: ");
        add_examined(out, index);
        break;
    case GROVE_INDEX_BUILDING:
        strbuf_add(out, "the index is being built; ");
        strbuf_add(out, projector_running ? "the projector examines it when that is done"
                                          : "its examination waits for grove sync --watch or the "
                                            "next grove sync");
        break;
    case GROVE_INDEX_TAKEN: strbuf_add(out, "another process examines the index"); break;
    case GROVE_INDEX_DUE:
        strbuf_add(out, projector_running ? "the index is to be examined: the projector does it"
                                          : "the index is to be examined: run grove sync");
        break;
    }
}

void index_report_add_member(struct strbuf *out, const struct grove_index *index)
{
    static const char *const names[] = {
        [GROVE_INDEX_UNKNOWN] = "unknown",   [GROVE_INDEX_NEEDLESS] = "needless",
        [GROVE_INDEX_EXAMINED] = "examined", [GROVE_INDEX_BUILDING] = "building",
        [GROVE_INDEX_TAKEN] = "taken",       [GROVE_INDEX_DUE] = "due",
    };
    bool known = index->state == GROVE_INDEX_EXAMINED;
    json_key(out, "index");
    strbuf_add_char(out, '{');
    json_string_member(out, "state", names[index->state]);
    json_bool_member(out, "examined_now", index->examined_now);
    json_integer_member(out, "rows", known ? index->rows : GROVE_NULL);
    json_integer_member(out, "listed", known ? index->listed : GROVE_NULL);
    json_integer_member(out, "ef", known ? index->ef : GROVE_NULL);
    json_integer_member(out, "ef_filtered", known ? index->ef_filtered : GROVE_NULL);
    json_integer_member(out, "queries", known ? index->queries : GROVE_NULL);
    json_number_member(out, "recall", known ? index->recall : NAN);
    json_number_member(out, "recall_worst", known ? index->recall_worst : NAN);
    json_number_member(out, "seconds", known ? index->seconds : NAN);
    json_string_member(out, "reason", index->reason[0] ? index->reason : NULL);
    strbuf_add_char(out, '}');
}
