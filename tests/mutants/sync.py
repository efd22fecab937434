# SPDX-License-Identifier: Apache-2.0
"""Mutants of src/sync and of the statements in sql/projector."""

from mutant import Mutant

MUTANTS = [
    Mutant(
        name="acknowledged-whatever-the-revision",
        guards=("src/sync/README 1", "sql/README 2"),
        file="sql/projector/acknowledge.sql",
        find="      AND h.revision <= w.revision\n",
        replace="",
        killer="u_projection:a_change_before_the_end_is_kept",
    ),
    Mutant(
        name="late-write-is-not-put-in-again",
        guards=("src/sync/README 5", "src/vector/README: late writes"),
        file="sql/projector/acknowledge.sql",
        find="               ELSE s.revision IS DISTINCT FROM w.revision END\n",
        replace="               ELSE false END\n",
        killer="u_projection:a_late_write_that_wins_is_mended",
    ),
    Mutant(
        name="late-removal-is-not-put-in-again",
        guards=("src/sync/README 5", "src/vector/README: late writes"),
        file="sql/projector/acknowledge.sql",
        find="      AND CASE WHEN w.removed THEN s.content_id IS NOT NULL\n",
        replace="      AND CASE WHEN w.removed THEN false\n",
        killer="u_projection:a_late_removal_spares_what_came_again",
    ),
    Mutant(
        name="late-projector-ends-the-row-of-another",
        guards=("src/sync/README 5", "sql/README: an outbox row"),
        file="sql/projector/acknowledge.sql",
        find="      AND h.lease_owner = $4\n",
        replace="      AND $4 <> ''\n",
        killer="spec_delete_late",
    ),
    Mutant(
        name="row-that-another-has-leased-is-left-to-it",
        guards="src/sync/README 5",
        file="sql/projector/acknowledge.sql",
        find="      AND (h.revision > w.revision OR h.lease_owner IS DISTINCT FROM $4)\n",
        replace="      AND h.revision > w.revision AND h.lease_owner = $4\n",
        killer="u_projection:a_late_write_takes_the_row_from_another",
    ),
    Mutant(
        name="acknowledging-waits-for-writers",
        guards=("src/sync/README 3", "sql/README: lock order"),
        file="sql/projector/acknowledge.sql",
        find="    FOR UPDATE SKIP LOCKED\n",
        replace="    FOR UPDATE\n",
        killer="u_projection_lease:acknowledging_waits_for_no_writer",
        limit_seconds=8,
        hangs=True,
    ),
    Mutant(
        name="leasing-waits-for-writers",
        guards="sql/README: lock order",
        file="sql/projector/lease.sql",
        find="    FOR UPDATE SKIP LOCKED\n",
        replace="    FOR UPDATE\n",
        killer="u_projection_lease:leasing_waits_for_no_writer",
        limit_seconds=8,
        hangs=True,
    ),
    Mutant(
        name="leased-rows-are-leased-again",
        guards="sql/README: an outbox row",
        file="sql/projector/lease.sql",
        find="      AND (lease_until IS NULL OR lease_until < clock_timestamp())\n",
        replace="",
        killer="u_projection_lease:what_is_leased_is_not_leased_again",
    ),
    Mutant(
        name="rows-of-another-model-are-leased",
        guards="sql/README 7",
        file="sql/projector/lease.sql",
        find="      AND (SELECT value FROM grove.setting WHERE name = 'model') = $4\n",
        replace="      AND $4 <> ''\n",
        killer="u_projection_lease:another_model_s_rows_are_not_leased",
    ),
    Mutant(
        name="rows-are-written-in-another-model",
        guards="sql/README 7",
        file="src/sync/projector.c",
        find="        batch->superseded |= !text_equal(pg_text(&rows, r, 10), model);",
        replace="        batch->superseded |= model.length == 0;",
        killer="u_projection_lease:another_model_s_rows_are_put_back",
    ),
    Mutant(
        name="vectors-of-an-old-revision-are-kept",
        guards=("src/sync/README 6", "sql/README 3"),
        file="sql/projector/store_embeddings.sql",
        find="JOIN state AS s ON s.content_id = u.content_id AND s.revision = u.revision\n",
        replace="JOIN state AS s ON s.content_id = u.content_id\n",
        killer="u_projection:vectors_of_a_changed_text_are_not_kept",
    ),
    Mutant(
        name="rows-whose-vector-was-not-kept-are-written",
        guards="sql/README 3",
        file="src/sync/projector.c",
        find="    return code == GROVE_OK && (size_t)rows.count < made->count\n",
        replace="    return code == GROVE_OK && (size_t)rows.count > made->count\n",
        killer="u_projection:vectors_of_a_changed_text_are_not_kept",
    ),
    Mutant(
        name="vector-of-another-text-is-current",
        guards="sql/README 3",
        file="sql/projector/current.sql",
        find="    SELECT e.text_sha256 IS NOT NULL AND "
             "e.text_sha256 = sha256(convert_to(t.text, 'UTF8')) AS ok\n",
        replace="    SELECT e.text_sha256 IS NOT NULL AS ok\n",
        killer="u_projection:a_changed_text_is_embedded_again",
    ),
    Mutant(
        name="keeping-vectors-waits-for-a-content",
        guards="sql/README: lock order",
        file="sql/projector/store_embeddings.sql",
        find="    FOR KEY SHARE SKIP LOCKED\n",
        replace="    FOR KEY SHARE\n",
        killer="u_projection_lease:keeping_vectors_waits_for_no_content",
        limit_seconds=8,
        hangs=True,
    ),
    Mutant(
        name="keeping-vectors-waits-for-a-state",
        guards="sql/README: lock order",
        file="sql/projector/store_embeddings.sql",
        find="    FOR SHARE SKIP LOCKED\n",
        replace="    FOR SHARE\n",
        killer="u_projection_lease:keeping_vectors_waits_for_no_state",
        limit_seconds=8,
        hangs=True,
    ),
    Mutant(
        name="revision-of-before-the-lease",
        guards="src/sync/README 2",
        file="src/sync/projector.c",
        find="            batch->revisions[i] = batch->points[p].revision;\n",
        replace="",
        killer="u_projection:what_is_read_is_of_after_the_lease",
    ),
    Mutant(
        name="locks-held-while-the-engine-works",
        guards="src/sync/README 3",
        file="src/sync/projector.c",
        find="    if (batch->point_count > 0)\n"
             "        code = write_points(batch, 0, batch->point_count, error);\n"
             "    if (code == GROVE_OK)\n"
             "        code = INJECT(PROJECTOR_UPSERTED, error);\n",
        replace="    struct pg_conn *held = NULL;\n"
                "    code = pg_take(batch->store->pool, &held, error);\n"
                "    if (code == GROVE_OK)\n"
                "        code = pg_exec(held, \"BEGIN; SELECT FROM grove.content_state"
                " FOR UPDATE\", error);\n"
                "    if (code == GROVE_OK && batch->point_count > 0)\n"
                "        code = write_points(batch, 0, batch->point_count, error);\n"
                "    if (code == GROVE_OK)\n"
                "        code = INJECT(PROJECTOR_UPSERTED, error);\n"
                "    pg_give(&held);\n",
        killer="u_projection_locks:a_writer_goes_on_while_the_engine_works",
    ),
    Mutant(
        name="late-projector-writes",
        guards="src/sync/README 4",
        file="src/sync/projector.c",
        find="    if (clock_monotonic_us() - batch->leased_at_us < lease_ms() * 1000 / 2)\n",
        replace="    if (clock_monotonic_us() - batch->leased_at_us < INT64_MAX)\n",
        killer="u_projection_lease:half_a_lease_is_too_late_to_write",
    ),
    Mutant(
        name="no-attempt-is-the-last",
        guards=("src/sync/README 7", "sql/README: an outbox row"),
        file="sql/projector/put_back.sql",
        find="    dead_since = CASE WHEN $4 AND o.attempts + 1 >= $5 THEN clock_timestamp() END\n",
        replace="    dead_since = CASE WHEN $4 AND $5 < 0 THEN clock_timestamp() END\n",
        killer="u_projection_faults:the_eighth_attempt_is_the_last",
    ),
    Mutant(
        name="engine-out-counts-as-an-attempt",
        guards="src/sync/README 7",
        file="sql/projector/put_back.sql",
        find="SET attempts = o.attempts + CASE WHEN $4 THEN 1 ELSE 0 END,\n",
        replace="SET attempts = o.attempts + CASE WHEN $4 THEN 1 ELSE 1 END,\n",
        killer="u_projection_faults:an_engine_s_failure_is_no_row_s_fault",
    ),
    Mutant(
        name="engine-out-is-the-fault-of-a-row",
        guards="src/sync/README 7",
        file="src/sync/projector.c",
        find="    return code == GROVE_INVALID || code == GROVE_LIMIT;",
        replace="    return code == GROVE_INVALID || code == GROVE_LIMIT || "
                "code == GROVE_UNAVAILABLE;",
        killer="u_projection_faults:an_engine_s_failure_is_no_row_s_fault",
    ),
    Mutant(
        name="row-of-another-is-put-back",
        guards="sql/README: an outbox row",
        file="sql/projector/put_back.sql",
        find="    WHERE content_id = ANY ($1) AND lease_owner = $2\n",
        replace="    WHERE content_id = ANY ($1) AND $2 <> ''\n",
        killer="u_projection:another_s_row_is_not_put_back",
    ),
    Mutant(
        name="refused-row-is-handed-back-at-once",
        guards="src/sync/README: failures",
        file="src/sync/projector.c",
        find="    forbid_acknowledgement(batch, batch->points[first].content_id);\n",
        replace="",
        killer="u_projection_faults:the_eighth_attempt_is_the_last",
    ),
    Mutant(
        name="collection-is-made-before-all-is-enqueued",
        guards="src/sync/README: failures",
        file="src/sync/projector.c",
        find="    enum grove_code code = run(batch, \"enqueue_all.sql\", NULL, &rows, error);\n"
             "    if (code == GROVE_OK)\n"
             "        code = INJECT(PROJECTOR_ENQUEUED, error);\n",
        replace="    enum grove_code code = vector_ensure_collection(batch->store->engine, "
                "error);\n"
                "    if (code == GROVE_OK)\n"
                "        code = INJECT(PROJECTOR_ENQUEUED, error);\n"
                "    if (code == GROVE_OK)\n"
                "        code = run(batch, \"enqueue_all.sql\", NULL, &rows, error);\n",
        killer="u_projection_faults:dying_before_the_collection_is_made_loses_nothing",
    ),
    Mutant(
        name="keeping-waits-for-others",
        guards="src/sync/README: a vector that a search computed",
        file="src/sync/keep.c",
        find='#define KEEP_PATIENCE "1ms"\n',
        replace='#define KEEP_PATIENCE "0"\n',
        killer="u_keep:one_who_keeps_the_same_is_not_waited_for",
    ),
    Mutant(
        name="impatience-outlives-the-keeping",
        guards="src/sync/README: a vector that a search computed",
        file="sql/projector/patience.sql",
        find="SELECT set_config('lock_timeout', $1, true)",
        replace="SELECT set_config('lock_timeout', $1, false)",
        killer="u_keep:what_was_computed_is_kept",
    ),
    Mutant(
        name="not-keeping-is-an-error",
        guards="src/sync/README: a vector that a search computed",
        file="src/sync/keep.c",
        find='strcmp(error->sqlstate, "55P03") == 0',
        replace='strcmp(error->sqlstate, "") == 0',
        killer="u_keep:a_table_that_is_altered_is_not_waited_for",
    ),
    Mutant(
        name="two-residents",
        guards="src/sync/README 8",
        file="src/sync/resident_run.c",
        find="        if (fcntl(self->lock, F_OFD_SETLK, &lock) == 0)",
        replace="        if (fcntl(self->lock, F_OFD_SETLK, &lock) >= -1)",
        killer="tests/e2e/test_resident.py::test_commands_that_start_it_at_once",
    ),
    Mutant(
        name="resident-outlives-postgresql",
        guards="src/sync/README 9",
        file="src/sync/resident_run.c",
        find="        if (code != GROVE_OK && !database_runs(self))",
        replace="        if (code == GROVE_CODE_COUNT && !database_runs(self))",
        killer="tests/e2e/test_resident.py::test_it_ends_with_its_postgresql[9]",
    ),
    Mutant(
        name="resident-stays-when-its-home-has-moved",
        guards="src/sync/README 10",
        file="src/sync/resident_run.c",
        find="    struct stat held, there;\n    return fstat(",
        replace="    struct stat held, there;\n"
                "    if (lstat(path, &there) != 0)\n"
                "        return true;\n"
                "    return fstat(",
        killer="tests/e2e/test_resident.py::test_it_ends_when_its_home_is_moved",
    ),
    Mutant(
        name="resident-stays-without-its-folder",
        guards="src/sync/README 10",
        file="src/sync/resident_run.c",
        find="    if (!is_at(self->lock, self->paths.lock))",
        replace="    if (!is_at(self->id, self->id_path))",
        killer="tests/e2e/test_resident.py::test_it_ends_when_its_folder_is_gone",
    ),
    Mutant(
        name="any-number-in-the-file-is-the-resident",
        guards="src/sync/README 11",
        file="src/sync/resident.c",
        find="    return written && process_lives(&process, home->path) &&\n"
             "                   process_has_argument(process.pid, RESIDENT_ARGUMENT)\n",
        replace="    return written && process_has_argument(process.pid, RESIDENT_ARGUMENT) >= 0\n",
        killer="tests/e2e/test_resident.py::test_a_stale_process_number",
    ),
    Mutant(
        name="resident-says-the-same-again-and-again",
        guards="src/sync/README 12",
        file="src/sync/resident_run.c",
        find="    if (strcmp(line, self->last_line) == 0 &&",
        replace="    if (strcmp(line, self->last_line) == 0 && line[0] == '\\0' &&",
        killer="tests/e2e/test_resident.py::test_failures_are_told_and_got_over",
    ),
    Mutant(
        name="resident-that-hangs-stays",
        guards="src/sync/README: failures",
        file="src/sync/resident.c",
        find="    static const int signals[] = {SIGTERM, SIGKILL};",
        replace="    static const int signals[] = {SIGTERM, SIGTERM};",
        killer="tests/e2e/test_resident.py::test_one_that_does_not_end_is_killed",
    ),
    Mutant(
        name="resident-keeps-the-model",
        guards="docs/architecture: the resident projector",
        file="src/sync/resident_run.c",
        find="    store_close_models(self->store);\n",
        replace="",
        killer="tests/e2e/test_resident.py::test_the_model_is_given_back",
    ),
    Mutant(
        name="resident-works-on-a-schema-of-another-version",
        guards="docs/architecture: the resident projector",
        file="src/sync/resident_run.c",
        find="    if (seen.schema != migrate_wanted()) {",
        replace="    if (seen.schema < migrate_wanted()) {",
        killer="tests/e2e/test_resident.py::test_it_leaves_a_schema_of_another_version_alone",
    ),
    Mutant(
        name="resident-takes-what-others-just-wrote",
        guards="docs/architecture: the resident projector",
        file="sql/projector/due.sql",
        find="             AND not_before <= clock_timestamp() - $1 * interval '1 millisecond'\n",
        replace="             AND not_before <= clock_timestamp() - $1 * interval '0'\n",
        killer="tests/e2e/test_resident.py::test_new_rows_are_left_to_whoever_wrote_them",
    ),
    Mutant(
        name="resident-runs-as-root-in-the-home-of-somebody",
        guards="docs/architecture: the resident projector",
        file="src/sync/resident.c",
        find="    ret->change_user = geteuid() == 0 && home->owner != 0;",
        replace="    ret->change_user = geteuid() == 0 && home->owner == (uid_t)-1;",
        killer="tests/e2e/test_resident.py::test_an_ordinary_user",
        needs_root=True,
    ),
]
