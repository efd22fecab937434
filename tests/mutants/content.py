# SPDX-License-Identifier: Apache-2.0
"""Mutants of src/content: records, batches, loads."""

from mutant import Mutant

MUTANTS = [
    Mutant(
        name="bad-line-is-not-told",
        guards="src/content/README 1",
        file="src/content/load.c",
        find="        if (load->request->on_bad_line)\n",
        replace="        if (load->request->on_bad_line && load->checking)\n",
        killer="u_load:a_bad_line_is_told_and_strict_writes_nothing",
    ),
    Mutant(
        name="vector-of-zeros-is-taken",
        guards="src/content/README 1",
        file="src/content/record.c",
        find="    if (zero)\n",
        replace="    if (zero && parsing->trees->count == 0)\n",
        killer="u_record:bad_vectors",
    ),
    Mutant(
        name="infinite-vector-is-taken",
        guards="src/content/README 1",
        file="src/content/record.c",
        find="    if (!isfinite(*ret))\n",
        replace="    if (!isfinite(*ret) && number == 0)\n",
        killer="u_record:bad_vectors",
    ),
    Mutant(
        name="control-character-is-taken",
        guards="src/content/README 1",
        file="src/content/record.c",
        find="        bool allowed = c >= 0x20 && c != 0x7f;",
        replace="        bool allowed = c != 0x7f;",
        killer="u_record:bad_lines",
    ),
    Mutant(
        name="strict-writes-before-it-knows",
        guards="src/content/README 2",
        file="src/content/load.c",
        find="        load->checking = true;\n",
        replace="        load->checking = false;\n",
        killer="u_load:a_bad_line_is_told_and_strict_writes_nothing",
    ),
    Mutant(
        name="duplicate-within-a-load-is-taken",
        guards="src/content/README 1",
        file="src/content/load.c",
        find="    *ret_duplicate = earlier != NULL;\n",
        replace="    *ret_duplicate = earlier != NULL;\n    earlier = NULL;\n    "
                "*ret_duplicate = false;\n",
        killer="u_load:a_bad_line_is_told_and_strict_writes_nothing",
    ),
    Mutant(
        name="contents-committed-before-their-bodies",
        guards="src/content/README 3",
        file="src/content/batch.c",
        find="        code = INJECT(LOAD_CONTENTS, error);\n",
        replace='        code = pg_exec(writing->conn, "COMMIT; BEGIN", error);\n'
                "    if (code == GROVE_OK)\n"
                "        code = INJECT(LOAD_CONTENTS, error);\n",
        killer="u_load:a_batch_is_whole_or_not_there",
    ),
    Mutant(
        name="same-row-is-an-update",
        guards="src/content/README 4",
        file="sql/load/contents.sql",
        find="    WHERE (m.title, m.content_summary, m.word_count, m.created_at)\n"
             "          IS DISTINCT FROM (g.title, g.content_summary, g.word_count, g.created_at)\n"
             "    ORDER BY",
        replace="    ORDER BY",
        killer="u_load:the_same_rows_again_change_nothing",
    ),
    Mutant(
        name="unchanged-row-draws-an-id",
        guards="src/content/README 4",
        file="sql/load/contents.sql",
        find="    WHERE old_id IS NULL AND (SELECT count(*) FROM differing) >= 0\n",
        replace="    WHERE (SELECT count(*) FROM differing) >= 0\n",
        killer="u_load:the_same_rows_again_change_nothing",
    ),
    Mutant(
        name="same-body-is-a-change",
        guards="src/content/README 4",
        file="sql/load/bodies.sql",
        find="    WHERE b.body IS DISTINCT FROM excluded.body\n",
        replace="",
        killer="u_load:the_same_rows_again_change_nothing",
    ),
    Mutant(
        name="same-vector-is-a-change",
        guards="src/content/README 4",
        file="sql/load/vectors.sql",
        find="    WHERE (e.text_sha256, e.origin, e.vector)\n"
             "          IS DISTINCT FROM (excluded.text_sha256, excluded.origin, "
             "excluded.vector)\n",
        replace="",
        killer="u_load:the_same_rows_again_change_nothing",
    ),
    Mutant(
        name="progress-counts-what-was-not-committed",
        guards="src/content/README 5",
        file="src/content/batch.c",
        find="        if (code == GROVE_OK)\n            add_counts(&writing, progress);",
        replace="        add_counts(&writing, progress);",
        killer="u_load:a_batch_is_whole_or_not_there",
    ),
    Mutant(
        name="batch-that-failed-is-kept",
        guards="src/content/README 6",
        file="src/content/batch.c",
        find="        code = INJECT(LOAD_PROJECTED, error);\n"
             "    batch->count = batch->leaf_count = 0;",
        replace="        code = INJECT(LOAD_PROJECTED, error);\n"
                "    if (code != GROVE_OK)\n"
                "        return code;\n"
                "    batch->count = batch->leaf_count = 0;",
        killer="u_load:what_is_committed_waits_in_the_outbox",
    ),
    Mutant(
        name="load-projects-changed-rows-only",
        guards="src/content/README 7",
        file="src/content/batch.c",
        find="    if (code == GROVE_OK && batch->count > 0)\n"
             "        code = project(batch, progress, error);",
        replace="    if (code == GROVE_OK && batch->count > 0 && progress->rows_unchanged == 0)\n"
                "        code = project(batch, progress, error);",
        killer="u_load:what_is_committed_waits_in_the_outbox",
    ),
    Mutant(
        name="time-before-the-servers-first-is-loaded-as-another",
        guards="src/content/README 1",
        file="src/content/record.c",
        find="    if (parsing->record->created_at_us < CREATED_FIRST_US &&",
        replace="    if (parsing->record->created_at_us < CLOCK_MINUS_INFINITY &&",
        killer="tests/e2e/test_times.py::test_what_cannot_be_held_is_refused"
               "[4714-11-23T23:59:59.999999 BC]",
    ),
]
