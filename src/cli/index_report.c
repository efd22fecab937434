// SPDX-License-Identifier: Apache-2.0
#include "cli/index_report.h"

#include "cli/format.h"
#include "commands/answers.h"

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
    struct answer_index answer;
    answer_index_of(index, &answer);
    json_key(out, "index");
    shape_add(out, &answer_index_shape, &answer);
}
