# SPDX-License-Identifier: Apache-2.0
"""Mutants of what makes a load quick (src/content)."""

from mutant import Mutant

MUTANTS = [
    Mutant(
        name="a-load-leaves-a-count-of-each-batch",
        guards="src/content/README: control flow",
        file="src/content/load.c",
        find="    if (load->progress->rows_inserted >= FOLDED_ROWS)\n",
        replace="    if (load->progress->rows_inserted < 0)\n",
        killer="tests/e2e/test_load.py::test_counts_are_folded_at_the_end_of_a_load",
    ),
    Mutant(
        name="contents-of-a-load-are-not-counted",
        guards="src/content/README: control flow",
        file="src/content/batch.c",
        find="    if (code == GROVE_OK && pg_bool(&rows, 0, 0)) {\n",
        replace="    if (code == GROVE_OK && !pg_bool(&rows, 0, 0)) {\n",
        killer="tests/e2e/test_load.py::test_contents_are_counted_when_a_load_has_doubled_them",
        limit_seconds=120,
    ),
    Mutant(
        name="failure-of-what-is-projected-beside-a-load-is-not-told",
        guards="src/content/README: failures",
        file="src/content/project.c",
        find="    enum grove_code code = self->code;\n",
        replace="    enum grove_code code = GROVE_OK;\n",
        killer="tests/e2e/test_crashes.py::test_a_load_that_fails_after_its_commit[projector-read]",
        limit_seconds=180,
    ),
    Mutant(
        name="a-batch-that-was-begun-has-all-time",
        guards="src/sync/README: failures",
        file="src/content/project.c",
        find="        struct call finishing = call_after(projecting->call, FINISH_MS);",
        replace="        struct call finishing = call_after(NULL, FINISH_MS);",
        killer="tests/e2e/test_limits.py::test_a_load_ends_soon_after_its_time[load-committed]",
        limit_seconds=180,
    ),
    Mutant(
        name="who-waits-for-bytes-keeps-rows",
        guards="src/content/README: memory",
        file="src/content/source.c",
        find="        if (code == GROVE_OK && source->on_wait) {\n",
        replace="        if (code == GROVE_OK && source->on_wait && source->ended) {\n",
        killer="tests/e2e/test_load_inputs.py::test_rows_do_not_wait_for_those_that_come_slowly",
        limit_seconds=180,
    ),
    Mutant(
        name="writing-that-fails-is-the-inputs-fault",
        guards="src/content/README: on failure",
        file="src/content/source.c",
        find="source->given_up || !is_final(code)",
        replace="!is_final(code)",
        killer="u_source:whoever_waits_may_give_up",
    ),
]
