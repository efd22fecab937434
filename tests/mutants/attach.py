# SPDX-License-Identifier: Apache-2.0
"""Mutants of src/attach: tables that are kept in step."""

from mutant import Mutant

TEST = "tests/e2e/test_attach.py::"

WRITERS = "tests/e2e/test_attach_writers.py::"

OWNER = "tests/e2e/test_attach_owner.py::"

ORPHANS = "tests/e2e/test_attach_orphans.py::"

MUTANTS = [
    Mutant(
        name="whoever-takes-in-waits-for-a-lock-for-ever",
        guards="sql/attach 3",
        file="sql/attach/attached_lock.sql",
        find="       set_config('lock_timeout',",
        replace="       set_config('grove.lock_timeout',",
        killer=WRITERS + "test_a_writer_is_never_the_one_that_ends_a_deadlock",
        limit_seconds=180,
    ),
    Mutant(
        name="locked-table-fails-whoever-projects",
        guards="sql/attach: failures",
        file="src/attach/take_in.c",
        find="    if (locked && round->attachment.id != 0) {",
        replace="    if (locked && round->attachment.id < 0) {",
        killer=WRITERS + "test_what_a_writer_has_locked_stops_neither_searches_nor_projectors"
                         "[lock_table]",
        limit_seconds=180,
    ),
    Mutant(
        name="locked-table-is-tried-all-the-time",
        guards="sql/attach: what takes it in",
        file="sql/attach/attached_later.sql",
        find="clock_timestamp() + $2::integer",
        replace="clock_timestamp() - $2::integer",
        killer=WRITERS + "test_what_a_writer_has_locked_stops_neither_searches_nor_projectors"
                         "[lock_table]",
        limit_seconds=180,
        hangs=True,
    ),
    Mutant(
        name="partition-that-comes-keeps-all-from-being-taken-in",
        guards="sql/attach: partitions",
        file="src/attach/take_in.c",
        find="    if (!round->parted)\n        return put_off(round, NULL, error);",
        replace="    if (round->attachment.id != 0)\n        return put_off(round, NULL, error);",
        killer=WRITERS + "test_a_partition_that_comes_is_waited_for_and_others_are_not",
        limit_seconds=180,
    ),
    Mutant(
        name="partitions-that-are-watched-are-locked-again",
        guards="sql/attach: partitions",
        file="sql/attach/attach_render.sql",
        find="format('grove.attached_%s()', $1::integer))) < 4",
        replace="format('grove.attached_%s()', $1::integer))) < 99",
        killer=WRITERS + "test_a_partition_that_comes_is_waited_for_and_others_are_not",
        limit_seconds=180,
    ),
    Mutant(
        name="attaching-waits-for-a-lock-without-a-word",
        guards="src/attach/README: failures",
        file="src/attach/attach.c",
        find="        code = pg_exec(self->conn, LOCKED_SQL, error);",
        replace="        code = LOCKED_SQL[0] ? GROVE_OK : pg_exec(self->conn, LOCKED_SQL, error);",
        killer=WRITERS + "test_whoever_has_the_table_is_told_of[all]",
        limit_seconds=180,
    ),
    Mutant(
        name="attaching-ends-before-a-locked-table-is-filled",
        guards="src/attach/README: failures",
        file="src/attach/attach.c",
        find="        bool blocked = report.idle && self->blocked;",
        replace="        bool blocked = report.idle && report.busy && self->blocked;",
        killer=WRITERS + "test_a_table_that_is_locked_while_it_is_filled_is_waited_for",
        limit_seconds=180,
    ),
    Mutant(
        name="detaching-deletes-what-was-noted-under-the-lock",
        guards="src/attach/README 7",
        file="sql/attach/detach_begin.sql",
        find="WHERE a.id = $1 RETURNING a.id",
        replace="WHERE a.id = $1 AND (SELECT count(*) FROM (SELECT FROM grove.attached_change "
                "FOR UPDATE) AS n) >= 0 RETURNING a.id",
        killer=WRITERS + "test_detaching_keeps_a_table_locked_for_nothing_else",
        limit_seconds=180,
    ),
    Mutant(
        name="partitions-are-looked-for-under-their-lock",
        guards="sql/attach: what takes it in",
        file="sql/parts/attached_partitions.sql",
        find="                                   FROM below AS b), '') END\n",
        replace="                                   FROM below AS b), '') || left((SELECT "
                "max(relid::text) FROM pg_partition_tree(c.oid)), 0) END\n",
        killer=WRITERS + "test_a_partition_that_is_locked_stops_nobody",
        limit_seconds=180,
    ),
    Mutant(
        name="what-is-attached-is-looked-for-once",
        guards="sql/attach: before a search",
        file="src/catalog/store.c",
        find="    atomic_store(&store->has_attached, pg_bool(rows, 0, 5));\n",
        replace="    if (store->model_read_at_us == 0)\n"
                "        atomic_store(&store->has_attached, pg_bool(rows, 0, 5));\n",
        killer="tests/e2e/test_python.py::test_a_handle_finds_what_is_attached_while_it_is_open",
        limit_seconds=120,
    ),
    Mutant(
        name="attachment-is-left-for-as-long-as-a-clock-was-ahead",
        guards="sql/attach: what takes it in",
        file="sql/parts/attached_ready.sql",
        find="BETWEEN clock_timestamp() AND clock_timestamp() + interval '10 seconds'",
        replace="> clock_timestamp()",
        killer=TEST + "test_after_a_clock_was_set_back_a_failure_is_not_waited_for[changes]",
        limit_seconds=180,
    ),
    Mutant(
        name="dry-run-attaches",
        guards="src/attach/README 1",
        file="src/attach/attach.c",
        find="    if (code == GROVE_OK && !table->request->dry_run)\n        code = pg_commit",
        replace="    if (code == GROVE_OK)\n        code = pg_commit",
        killer=TEST + "test_dry_run_shows_the_sql_and_changes_nothing",
        limit_seconds=180,
    ),
    Mutant(
        name="table-is-attached-without-triggers",
        guards="src/attach/README 2",
        file="src/attach/attach.c",
        find="        code = pg_begin(self->conn, error);\n    if (code == GROVE_OK)\n"
             "        code = pg_exec(self->conn, LOCKED_SQL",
        replace="        code = GROVE_OK;\n    if (code == GROVE_OK)\n"
                "        code = pg_exec(self->conn, LOCKED_SQL",
        killer=TEST + "test_a_lock_that_others_have_is_waited_for_and_nothing_is_half_done",
        limit_seconds=180,
    ),
    Mutant(
        name="detach-leaves-triggers",
        guards="src/attach/README 3",
        file="src/attach/detach.c",
        find="        code = pg_exec(self->conn, sql, error);",
        replace="        code = sql[0] ? GROVE_OK : pg_exec(self->conn, sql, error);",
        killer=TEST + "test_detach_leaves_no_trace",
        limit_seconds=180,
    ),
    Mutant(
        name="row-that-fails-is-not-looked-for",
        guards="src/attach/README 4",
        file="src/attach/take_in.c",
        find="    if (attempt->limit > 1) {",
        replace="    if (attempt->limit > TAKE_IN_ROWS_MAX) {",
        killer=TEST + "test_a_condition_that_fails_for_a_row_refuses_that_row",
        limit_seconds=180,
    ),
    Mutant(
        name="search-does-not-catch-up",
        guards="sql/attach: what takes it in",
        file="src/attach/catch_up.c",
        find="    if (code != GROVE_OK || ret->rows == 0)",
        replace="    if (code != GROVE_OK || ret->rows >= 0)",
        killer=TEST + "test_a_search_sees_what_was_committed_before_it[serializable]",
        limit_seconds=180,
    ),
    Mutant(
        name="search-claims-to-be-complete-while-a-table-is-read",
        guards="sql/attach: what takes it in",
        file="src/api/calls.c",
        find="    if (waiting->filling[0])",
        replace="    if (waiting->filling[0] && waiting->rows < 0)",
        killer=TEST + "test_truncate_takes_all",
        limit_seconds=180,
    ),
    Mutant(
        name="times-in-keys-are-as-sessions-write-them",
        guards="sql/attach: nouns",
        file="sql/attach/attach_render.sql",
        find="                WHEN bool_and(is_time)\n                THEN string_agg",
        replace="                WHEN bool_and(is_time) AND false\n                THEN string_agg",
        killer=TEST + "test_keys_of_any_type_tell_rows_apart["
                      "timestamptz-2024-03-05 12:00:00+00-2024-03-05 12:00:00.000001+00]",
        limit_seconds=240,
    ),
    Mutant(
        name="row-that-is-gone-keeps-its-document",
        guards="sql/attach: invariants",
        file="src/attach/take_in.c",
        find="        if (!text_equal(row.key, wanted))",
        replace="        if (row.key.data && !text_equal(row.key, wanted))",
        killer=TEST + "test_a_condition_chooses_rows_and_its_columns_count",
        limit_seconds=180,
    ),
    Mutant(
        name="row-that-is-refused-keeps-its-document",
        guards="sql/attach: invariants",
        file="src/attach/write.c",
        find="        if (writing->rows[i].reason)\n            keys[count++]",
        replace="        if (writing->rows[i].reason && count > TAKE_IN_ROWS_MAX)\n"
                "            keys[count++]",
        killer=TEST + "test_what_cannot_be_a_content_fails_nobody_and_is_told",
        limit_seconds=180,
    ),
    Mutant(
        name="documents-of-rows-that-went-unnoticed-stay",
        guards="sql/attach: nouns",
        file="src/attach/take_in.c",
        find="    if (round->key_count == 0)\n        code = remove_rest",
        replace="    if (round->key_count == 0)\n        round->ended = true;\n"
                "    else if (round->key_count > TAKE_IN_ROWS_MAX)\n        code = remove_rest",
        killer=TEST + "test_truncate_takes_all",
        limit_seconds=180,
    ),
    Mutant(
        name="partitions-that-come-are-not-noticed",
        guards="sql/attach: partitions",
        file="sql/attach/attached_parted.sql",
        find="a.partitions IS NOT NULL AND a.partitions <>",
        replace="a.partitions IS NULL AND a.partitions <>",
        killer=TEST + "test_partitions_come_and_go",
        limit_seconds=180,
        hangs=True,
    ),
    Mutant(
        name="key-that-goes-fails-its-writers",
        guards="sql/attach: what a writer does",
        file="sql/attach/attach_render.sql",
        find="SELECT string_agg(format('NULL::text AS %I', u.name), ', ' ORDER BY u.name)",
        replace="SELECT string_agg(format('NULL::text AS %I', 'x' || u.name), ', ' "
                "ORDER BY u.name)",
        killer=TEST + "test_a_key_that_goes_stops_no_writer_and_all_is_read_when_it_is_back",
        limit_seconds=180,
    ),
    Mutant(
        name="column-that-goes-fails-its-writers",
        guards="sql/attach: what a writer does",
        file="sql/attach/attach_render.sql",
        find="ELSE format(E'\\001::text AS %I', u.name) END",
        replace="ELSE format(E'\\001::text AS %I', 'x' || u.name) END",
        killer=TEST + "test_a_column_that_goes_stops_no_writer",
        limit_seconds=180,
    ),
    Mutant(
        name="what-was-written-without-a-column-is-lost",
        guards="sql/attach: failures",
        file="src/attach/take_in.c",
        find="    if (code == GROVE_OK && round->attachment.problem.data)",
        replace="    if (code == GROVE_OK && round->attachment.problem.length > (1 << 20))",
        killer=TEST + "test_what_changed_while_a_column_was_away_is_read",
        limit_seconds=180,
    ),
    Mutant(
        name="unread-columns-are-noted",
        guards="sql/attach: what a writer does",
        file="sql/attach/attach_render.sql",
        find="OR o.watched *<> n.watched$source$",
        replace="OR true$source$",
        killer=TEST + "test_a_change_of_what_is_not_read_is_not_noted",
        limit_seconds=180,
    ),
    Mutant(
        name="key-that-was-changed-keeps-its-document",
        guards="sql/attach: what a writer does",
        file="sql/attach/attach_render.sql",
        find="WHERE n.key IS NULL OR o.key IS NULL OR",
        replace="WHERE o.key IS NULL OR",
        killer=TEST + "test_a_key_that_changes_takes_its_document_along",
        limit_seconds=180,
    ),
    Mutant(
        name="columns-are-taken-for-variables",
        guards="sql/attach: what a writer does",
        file="sql/attach/attach_render.sql",
        find="#variable_conflict use_column\n",
        replace="#variable_conflict use_variable\n",
        killer=TEST + "test_columns_may_be_called_as_what_a_trigger_knows",
        limit_seconds=180,
    ),
    Mutant(
        name="writers-search-path-chooses-functions",
        guards="sql/README: Schema grove is changed by grove only",
        file="sql/attach/attach_render.sql",
        find="LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp "
             "AS $grove$%s$grove$;",
        replace="LANGUAGE plpgsql SECURITY DEFINER AS $grove$%s$grove$;",
        killer=TEST + "test_a_session_with_another_search_path_writes_as_before[evil, pg_catalog]",
        limit_seconds=180,
    ),
    Mutant(
        name="key-that-was-left-is-not-noted",
        guards="sql/attach: what a writer does",
        file="sql/attach/attach_render.sql",
        find="            FULL JOIN (SELECT r.key, r.watched",
        replace="            LEFT JOIN (SELECT r.key, r.watched",
        killer=TEST + "test_a_key_that_changes_takes_its_document_along",
        limit_seconds=240,
    ),
    Mutant(
        name="keys-beyond-a-change-are-lost",
        guards="sql/attach: what a writer does",
        file="sql/attach/attach_render.sql",
        find="        IF cardinality(noted) > 256 THEN",
        replace="        IF cardinality(noted) > 1000 THEN",
        killer=TEST + "test_a_statement_of_many_rows_costs_as_many_times_more",
        limit_seconds=240,
    ),
    Mutant(
        name="triggers-stay-as-the-table-was",
        guards="src/attach/README 5",
        file="src/attach/take_in.c",
        find="    if (code == GROVE_OK && round->sql.stale)",
        replace="    if (code == GROVE_OK && round->sql.stale && round->parted)",
        killer=TEST + "test_the_triggers_follow_a_key_that_becomes_a_time",
        limit_seconds=180,
    ),
    Mutant(
        name="row-of-a-table-is-moved-or-removed-by-its-id",
        guards="src/content/README: failures",
        file="src/content/hold.c",
        find='query_sql("attached_of.sql"), &params, error);',
        replace='query_sql("attached_of.sql"), &params, error) & GROVE_OK;',
        killer="tests/e2e/test_remove_and_move.py::"
               "test_rows_of_attached_tables_stay_where_their_rows_say[ids]",
    ),
    Mutant(
        name="row-of-a-table-is-moved-or-removed-with-its-place",
        guards="src/content/README: failures",
        file="src/content/hold.c",
        find='query_sql("attached_in.sql"), &params, error);',
        replace='query_sql("attached_in.sql"), &params, error) & GROVE_OK;',
        killer="tests/e2e/test_remove_and_move.py::"
               "test_rows_of_attached_tables_stay_where_their_rows_say[places]",
    ),
    Mutant(
        name="row-of-a-table-is-moved-by-its-id",
        guards="src/content/README: failures",
        file="src/content/move.c",
        find="        code = hold_ids(self->conn, self->arena, request->document, &held, error);\n",
        replace="        code = GROVE_OK;\n",
        killer="tests/e2e/test_remove_and_move.py::"
               "test_rows_of_attached_tables_stay_where_their_rows_say[ids]",
    ),
    Mutant(
        name="place-of-a-table-is-moved",
        guards="src/content/README: failures",
        file="src/content/move.c",
        find="        code = hold_check_attached_in(self->conn, self->arena, "
             "&from.predicate, error);\n",
        replace="        code = GROVE_OK;\n",
        killer="tests/e2e/test_remove_and_move.py::"
               "test_rows_of_attached_tables_stay_where_their_rows_say[places]",
    ),
    Mutant(
        name="what-a-dry-run-would-remove-of-a-table-is-counted",
        guards="src/content/README: failures",
        file="src/content/remove.c",
        find="        code = hold_check_attached_in(self->conn, self->arena, &predicate, error);\n",
        replace="        code = GROVE_OK;\n",
        killer="tests/e2e/test_remove_and_move.py::"
               "test_rows_of_attached_tables_stay_where_their_rows_say[places]",
    ),
    Mutant(
        name="places-do-not-catch-up",
        guards="sql/attach: what takes it in",
        file="src/api/contents.c",
        find="    code = handle_enter_to_read(grove, HANDLE_QUERY, &copy.limits, "
             "&call, &waiting, error);\n"
             "    if (code == GROVE_OK)\n"
             "        code = query_list(",
        replace="    waiting = (struct catch_up){0};\n"
                "    code = handle_enter(grove, HANDLE_QUERY, &copy.limits, &call, error);\n"
                "    if (code == GROVE_OK)\n"
                "        code = query_list(",
        killer=TEST + "test_places_and_documents_have_what_was_committed_before",
        limit_seconds=180,
    ),
    Mutant(
        name="a-content-does-not-catch-up",
        guards="sql/attach: what takes it in",
        file="src/api/contents.c",
        find="    code = handle_enter_to_read(grove, HANDLE_QUERY, &copy.limits, "
             "&call, &waiting, error);\n"
             "    if (code == GROVE_OK)\n"
             "        code = query_content(",
        replace="    waiting = (struct catch_up){0};\n"
                "    code = handle_enter(grove, HANDLE_QUERY, &copy.limits, &call, error);\n"
                "    if (code == GROVE_OK)\n"
                "        code = query_content(",
        killer=TEST + "test_places_and_documents_have_what_was_committed_before",
        limit_seconds=180,
    ),
    Mutant(
        name="a-document-does-not-catch-up",
        guards="sql/attach: what takes it in",
        file="src/api/contents.c",
        find="    code = handle_enter_to_read(grove, HANDLE_QUERY, &copy.limits, "
             "&call, &waiting, error);\n"
             "    if (code == GROVE_OK)\n"
             "        code = query_document(",
        replace="    waiting = (struct catch_up){0};\n"
                "    code = handle_enter(grove, HANDLE_QUERY, &copy.limits, &call, error);\n"
                "    if (code == GROVE_OK)\n"
                "        code = query_document(",
        killer=TEST + "test_places_and_documents_have_what_was_committed_before",
        limit_seconds=180,
    ),
    Mutant(
        name="an-export-does-not-catch-up",
        guards="sql/attach: what takes it in",
        file="src/api/contents.c",
        find="    code = handle_enter_to_read(grove, HANDLE_TASK, &copy.limits, "
             "&call, &waiting, error);\n"
             "    if (code == GROVE_OK)\n"
             "        report->waiting",
        replace="    waiting = (struct catch_up){0};\n"
                "    code = handle_enter(grove, HANDLE_TASK, &copy.limits, &call, error);\n"
                "    if (code == GROVE_OK)\n"
                "        report->waiting",
        killer=TEST + "test_places_and_documents_have_what_was_committed_before",
        limit_seconds=180,
    ),
    Mutant(
        name="places-do-not-tell-what-they-lack",
        guards="sql/attach: what takes it in",
        file="src/api/contents.c",
        find="(*ret)->waiting = catch_up_missing(&waiting);",
        replace="(*ret)->waiting = catch_up_missing(&waiting) & 0;",
        killer=TEST + "test_places_and_exports_tell_what_they_lack",
        limit_seconds=180,
    ),
    Mutant(
        name="export-does-not-tell-what-it-lacks",
        guards="sql/attach: what takes it in",
        file="src/api/contents.c",
        find="report->waiting = catch_up_missing(&waiting);",
        replace="report->waiting = catch_up_missing(&waiting) & 0;",
        killer=TEST + "test_places_and_exports_tell_what_they_lack",
        limit_seconds=180,
    ),
    Mutant(
        name="status-does-not-tell-the-last-failure",
        guards="src/attach/README 6",
        file="src/attach/attachment.c",
        find="    return problem.data ? problem : attachment->failure;",
        replace="    return problem;",
        killer=TEST + "test_status_tells_of_attached_tables",
        limit_seconds=180,
    ),
    Mutant(
        name="text-with-a-vector-is-split",
        guards="sql/attach: vectors",
        file="src/content/document_split.c",
        find="    if (record->vector)\n"
             "        return keep_whole",
        replace="    if (record->vector && record->chunk_number > 1)\n"
                "        return keep_whole",
        killer=TEST + "test_rows_bring_their_vectors[text]",
        limit_seconds=240,
    ),
    Mutant(
        name="vector-of-a-new-row-is-lost",
        guards="sql/attach: vectors",
        file="src/attach/write.c",
        find="        if (!vector)\n"
             "            continue;\n"
             "        ids[count]",
        replace="        if (!vector || count == 0)\n"
                "            continue;\n"
                "        ids[count]",
        killer=TEST + "test_rows_bring_their_vectors[text]",
        limit_seconds=240,
    ),
    Mutant(
        name="vector-that-changes-is-not-taken",
        guards="sql/attach: vectors",
        file="src/content/document.c",
        find="    if (code == GROVE_OK && writing->record->vector)",
        replace="    if (code == GROVE_OK && writing->record->vector && !counts->rows_unchanged)",
        killer=TEST + "test_rows_bring_their_vectors[text]",
        limit_seconds=240,
    ),
    Mutant(
        name="vector-that-was-taken-away-stays",
        guards="sql/attach: vectors",
        file="src/attach/write.c",
        find="    if (!writing->attachment->vector.data || count == 0)",
        replace="    if (!writing->attachment->vector.data || count < TAKE_IN_ROWS_MAX)",
        killer=TEST + "test_a_short_text_that_loses_its_vector_gets_a_computed_one",
        limit_seconds=240,
    ),
    Mutant(
        name="any-column-has-vectors",
        guards="sql/attach: vectors",
        file="sql/attach/attach_vector.sql",
        find="coalesce(e.typcategory = 'N', false) OR",
        replace="coalesce(e.typcategory = 'N', true) OR",
        killer=TEST + "test_a_column_that_can_have_no_vector_is_refused",
        limit_seconds=180,
    ),
    Mutant(
        name="hits-tell-the-table-as-it-was-called",
        guards="src/attach/README 8",
        file="sql/parts/attached_tables.sql",
        find="SELECT a.source, format('%I.%I', n.nspname, k.relname) AS name",
        replace="SELECT a.source, a.source::text AS name",
        killer=TEST + "test_hits_tell_the_table_and_the_key[bigint-42-42]",
        limit_seconds=240,
    ),
    Mutant(
        name="who-ends-in-a-try-waited-for-nobody",
        guards="src/attach/README: failures",
        file="src/attach/locked.c",
        find="    bool ended = held || error->code == GROVE_TIMEOUT ||",
        replace="    bool ended = held || error->code == GROVE_CODE_COUNT ||",
        killer="u_locked:a_call_that_ends_in_a_try_tells_what_it_waited_for",
    ),
    Mutant(
        name="any-failure-after-a-wait-is-of-the-lock",
        guards="src/attach/README: failures",
        file="src/attach/locked.c",
        find="ended && locked->attempts > 0 ? tell_over",
        replace="(ended || *code) && locked->attempts > 0 ? tell_over",
        killer="u_locked:another_failure_stays_what_it_is",
    ),
    Mutant(
        name="casts-of-the-owner-make-texts",
        guards="sql/attach 8",
        file="sql/attach/attach_render.sql",
        find="           CASE WHEN b.oid >= 16384\n                THEN E'CASE",
        replace="           CASE WHEN b.oid < 1\n                THEN E'CASE",
        killer=OWNER + "test_casts_and_checks_of_its_types_are_left_alone[one column]",
        limit_seconds=300,
    ),
    Mutant(
        name="casts-of-the-owner-make-keys",
        guards="sql/attach 8",
        file="sql/attach/attach_render.sql",
        find="           CASE WHEN b.oid >= 16384\n                THEN format(",
        replace="           CASE WHEN b.oid < 1\n                THEN format(",
        killer=OWNER + "test_casts_and_checks_of_its_types_are_left_alone[one column]",
        limit_seconds=300,
    ),
    Mutant(
        name="casts-of-the-owner-make-json",
        guards="sql/attach 8",
        file="sql/attach/attach_render.sql",
        find="b.oid >= 16384 AS is_made",
        replace="b.oid < 1 AS is_made",
        killer=OWNER + "test_casts_and_checks_of_its_types_are_left_alone[two columns]",
        limit_seconds=300,
    ),
    Mutant(
        name="checks-of-the-owner-see-keys",
        guards="sql/attach 8",
        file="sql/attach/attach_render.sql",
        find="(\\002)::%s', format_type(b.oid, b.typmod))",
        replace="(\\002)::%s', format_type(a.atttypid, a.atttypmod))",
        killer=OWNER + "test_casts_and_checks_of_its_types_are_left_alone[two columns]",
        limit_seconds=300,
    ),
    Mutant(
        name="any-function-makes-a-trigger-ours",
        guards="sql/attach 8",
        file="sql/parts/attached_trigger.sql",
        find="  AND t.tgfoid = to_regprocedure(concat('grove.attached_', a.id, '()'))",
        replace="  AND t.tgfoid <> 0",
        killer=OWNER + "test_a_view_with_a_triggers_name_is_not_the_table[letter]",
        limit_seconds=300,
    ),
    Mutant(
        name="what-is-left-of-an-attachment-stays",
        guards="sql/attach: failures",
        file="src/attach/attach.c",
        find="    if (code == GROVE_OK && !table->request->dry_run)\n        code = drop_orphans",
        replace="    if (code != GROVE_OK)\n        code = drop_orphans",
        killer=ORPHANS + "test_another_table_gets_its_number",
        limit_seconds=300,
    ),
    Mutant(
        name="orphaned-triggers-cannot-be-detached",
        guards="sql/attach: failures",
        file="src/attach/detach.c",
        find="    if (code == GROVE_OK && rows.count == 0)\n        code = find_orphan",
        replace="    if (code == GROVE_OK && rows.count > 1)\n        code = find_orphan",
        killer=ORPHANS + "test_the_doctor_tells_and_detach_takes_the_triggers_away",
        limit_seconds=300,
    ),
    Mutant(
        name="orphans-leave-what-they-noted",
        guards="sql/attach: failures",
        file="src/attach/attach.c",
        find="store_query_on(self->conn, &self->arena, \"detach_end.sql\", &gone, &none, error);",
        replace="INJECT(ATTACH_BEGUN, error);",
        killer=ORPHANS + "test_it_is_attached_again",
        limit_seconds=300,
    ),
    Mutant(
        name="two-tables-are-one-attachment",
        guards="sql/attach: failures",
        file="sql/parts/attached_trigger.sql",
        find="AND o.oid < t.oid)",
        replace="AND o.oid < 0::oid)",
        killer=ORPHANS + "test_of_two_tables_with_its_triggers_it_is_the_older_one",
        limit_seconds=300,
    ),
    Mutant(
        name="some-parts-of-a-document-are-taken",
        guards="src/content/README: failures",
        file="src/content/hold.c",
        find="    return code == GROVE_OK ? check_parts(conn, arena, &params, error) : code;",
        replace="    return check_parts(conn, arena, &params, error) & code;",
        killer="tests/e2e/test_remove_and_move.py::"
               "test_some_parts_of_a_document_stay_with_the_others[rm]",
        limit_seconds=240,
    ),
]
