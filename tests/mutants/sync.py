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
        find="  AND coalesce(s.revision, -1) <> w.seen\n",
        replace="  AND s.content_id IS NULL AND w.seen <> -1\n",
        killer="u_projection:a_late_write_that_wins_is_mended",
    ),
    Mutant(
        name="late-look-that-misses-a-point-is-forgotten",
        guards=("src/sync/README 5", "src/vector/README: late writes"),
        file="sql/projector/acknowledge.sql",
        find="  AND coalesce(s.revision, -1) <> w.seen\n",
        replace="  AND w.seen <> -1 AND coalesce(s.revision, -1) <> w.seen\n",
        killer="u_projection_seen:a_late_look_that_misses_a_point_has_it_written",
    ),
    Mutant(
        name="late-projector-ends-the-row-of-another",
        guards=("src/sync/README 5", "sql/README: an outbox row"),
        file="sql/projector/acknowledge.sql",
        find="      AND h.lease_owner = $4\n",
        replace="      AND $4 <> ''\n",
        killer="u_projection:a_row_leased_again_is_not_done",
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
        find="    if (projector_has_time(batch))\n",
        replace="    if (projector_has_time(batch) || batch->count > 0)\n",
        killer="u_projection_lease:half_a_lease_is_too_late_to_write",
    ),
    Mutant(
        name="acknowledged-unseen",
        guards=("src/sync/README 1", "sql/README 2"),
        file="sql/projector/acknowledge.sql",
        find="      AND w.as_applied\n",
        replace="",
        killer="u_projection_seen:a_lost_write_is_not_done",
    ),
    Mutant(
        name="any-point-is-the-one-that-was-written",
        guards="src/sync/README 1",
        file="src/sync/acknowledge.c",
        find="               : state->present && state->revision == batch->revisions[i];",
        replace="               : state->present && state->revision != 0;",
        killer="u_projection_seen:a_late_copy_is_seen",
    ),
    Mutant(
        name="lost-removal-is-done",
        guards="src/sync/README 1",
        file="src/sync/acknowledge.c",
        find="               ? !state->present\n",
        replace="               ? state->revision < INT64_MAX\n",
        killer="u_projection_seen:a_lost_removal_is_not_done",
    ),
    Mutant(
        name="unseen-rows-stay-leased",
        guards="src/sync/README: failures",
        file="src/sync/acknowledge.c",
        find="        if (!applied->as_applied[i])\n",
        replace="        if (!applied->as_applied[i] && applied->revisions[i] < 0)\n",
        killer="u_projection_seen:a_lost_write_is_not_done",
    ),
    Mutant(
        name="unseen-row-counts-as-an-attempt",
        guards="src/sync/README 7",
        file="src/sync/acknowledge.c",
        find="    return projector_put_back(batch, unseen, count, false, NOT_SHOWN, error);",
        replace="    return projector_put_back(batch, unseen, count, true, NOT_SHOWN, error);",
        killer="u_projection_seen:an_engine_that_loses_all_is_no_row_s_fault",
    ),
    Mutant(
        name="collection-gone-before-the-look-fails-the-step",
        guards="src/sync/README: failures",
        file="src/sync/projector.c",
        find="    enum grove_code code = projector_look(batch, error);\n"
             "    if (code != GROVE_NOT_FOUND)\n",
        replace="    enum grove_code code = projector_look(batch, error);\n"
                "    if (code != GROVE_NOT_FOUND || batch->count > 0)\n",
        killer="u_projection_seen:a_collection_lost_before_the_look_is_made_again",
    ),
    Mutant(
        name="point-of-nobody-blocks-its-row",
        guards="src/sync/README: points of nobody",
        file="src/sync/acknowledge.c",
        find="           (state->revision == VECTOR_NO_REVISION || state->revision > "
             "batch->revisions[i]);",
        replace="           state->revision == INT64_MAX && batch->revisions[i] == INT64_MAX;",
        killer="u_projection_seen:a_point_of_nobody_gives_way",
    ),
    Mutant(
        name="only-what-was-drawn-of-any-tells",
        guards="src/sync/README: points of nobody",
        file="sql/projector/drawn.sql",
        find="       coalesce(greatest(s.revision, o.revision), (SELECT last_value FROM "
             "grove.revision_seq))\n",
        replace="       (SELECT last_value FROM grove.revision_seq)\n",
        killer="u_projection_seen:a_revision_of_another_content_gives_way",
    ),
    Mutant(
        name="whatever-is-higher-is-evicted",
        guards="src/sync/README 8",
        file="src/sync/acknowledge.c",
        find="                 strange[i].revision > pg_int8(&rows, r, 1)))\n",
        replace="                 strange[i].revision > pg_int8(&rows, r, 1) - INT64_MAX))\n",
        killer="u_projection_seen:a_later_state_stays",
    ),
    Mutant(
        name="late-projector-evicts",
        guards="src/sync/README 8",
        file="src/sync/acknowledge.c",
        find="    if (code != GROVE_OK || count == 0 || batch->is_late || "
             "!projector_has_time(batch))\n",
        replace="    if (code != GROVE_OK || count == 0 || batch->is_late)\n",
        killer="u_projection_seen:half_a_lease_is_too_late_to_evict",
    ),
    Mutant(
        name="evicted-and-not-written-again",
        guards="src/sync/README: points of nobody",
        file="src/sync/acknowledge.c",
        find="        code = write_again(batch, nobodys, count, error);",
        replace="        code = write_again(batch, nobodys, 0, error);",
        killer="u_projection_seen:a_point_of_nobody_gives_way",
    ),
    Mutant(
        name="refused-eviction-fails-the-step",
        guards="src/sync/README: failures",
        file="src/sync/acknowledge.c",
        find="    if (code == GROVE_INVALID || code == GROVE_LIMIT)\n",
        replace="    if (code == GROVE_LIMIT)\n",
        killer="u_projection_seen:an_eviction_that_is_refused_holds_up_nobody_else",
    ),
    Mutant(
        name="putting-in-again-waits-for-a-writer",
        guards=("src/sync/README 9", "sql/README: lock order"),
        file="sql/projector/again.sql",
        find="    FOR SHARE SKIP LOCKED\n",
        replace="    FOR SHARE\n",
        killer="u_projection_seen:only_what_a_writer_has_is_not_put_in_again",
    ),
    Mutant(
        name="putting-in-again-waits-for-an-insert",
        guards=("src/sync/README 9", "sql/README: lock order"),
        file="src/sync/acknowledge.c",
        find="SET LOCAL lock_timeout = '10ms'",
        replace="SET LOCAL lock_timeout = 0",
        killer="u_projection_seen:a_late_write_waits_for_no_insert",
        limit_seconds=8,
        hangs=True,
    ),
    Mutant(
        name="late-write-beside-a-writer-is-forgotten",
        guards="src/sync/README 5",
        file="src/sync/projector.c",
        find="        code = bring_up_late(batch, error);",
        replace="        batch->late_count = 0;",
        killer="u_projection_seen:a_late_write_waits_for_no_writer",
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
        find="    enum grove_code code = projector_run(batch, \"enqueue_all.sql\", NULL, &rows, "
             "error);\n"
             "    if (code == GROVE_OK)\n"
             "        code = INJECT(PROJECTOR_ENQUEUED, error);\n",
        replace="    enum grove_code code = vector_ensure_collection(batch->store->engine, "
                "error);\n"
                "    if (code == GROVE_OK)\n"
                "        code = INJECT(PROJECTOR_ENQUEUED, error);\n"
                "    if (code == GROVE_OK)\n"
                "        code = projector_run(batch, \"enqueue_all.sql\", NULL, &rows, error);\n",
        killer="u_projection_faults:dying_before_the_collection_is_made_loses_nothing",
    ),
]
