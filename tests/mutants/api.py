# SPDX-License-Identifier: Apache-2.0
"""Mutants of src/api: what a handle does with servers that are yours."""

from mutant import Mutant, NoMutant

MUTANTS = [
    Mutant(
        name="server-that-waits-is-a-failure",
        guards="src/api/README 9",
        file="src/api/status.c",
        find="    status->database_waits = !cluster.running;\n",
        replace="    status->database_waits = false;\n",
        killer="tests/e2e/test_looking.py::test_a_stopped_home_is_well",
        limit_seconds=120,
    ),
    Mutant(
        name="opening-asks-the-database",
        guards="src/api/README 1",
        file="src/api/handle.c",
        find="        code = projector_configure(grove, options, error);\n    return code;",
        replace="        code = projector_configure(grove, options, error);\n"
                "    struct pg_conn *conn = NULL;\n"
                "    if (code == GROVE_OK)\n"
                "        code = pg_take(grove->store.pool, NULL, &conn, error);\n"
                "    pg_give(&conn);\n"
                "    return code;",
        killer="u_handle:nobody_is_asked_before_there_is_need",
    ),
    Mutant(
        name="database-of-yours-is-migrated",
        guards="src/api/README 2",
        file="src/api/handle.c",
        find="    if ((grove->database_private && !grove->looking) || version > migrate_wanted())",
        replace="    if (grove->database_private || version >= 0)",
        killer="u_handle:a_database_of_yours_is_not_migrated",
    ),
    Mutant(
        name="status-fails-with-its-server",
        guards="src/api/README 3",
        file="src/api/status.c",
        find="    *ret = status;\n    return GROVE_OK;",
        replace="    *ret = status;\n"
                "    return status.database_ok ? GROVE_OK\n"
                '                              : error_set(error, GROVE_UNAVAILABLE, "no server");',
        killer="u_handle:nobody_is_asked_before_there_is_need",
    ),
    Mutant(
        name="key-goes-to-the-private-engine",
        guards="src/api/README 4",
        file="src/api/handle.c",
        find="        engine.api_key = NULL;\n",
        replace="",
        killer="u_handle:private_data_are_reached_without_a_key",
    ),
    Mutant(
        name="cancelling-is-forgotten",
        guards="src/api/README 5",
        file="src/api/handle.c",
        find="    call_obey_round(ret, &grove->cancel_round);\n",
        replace="",
        killer="u_handle:a_cancellation_ends_what_is_under_way",
    ),
    Mutant(
        name="schema-is-looked-at-once",
        guards="src/api/README 5",
        file="src/api/handle.c",
        find="    grove->ready = false;\n",
        replace="",
        killer="u_handle:a_newer_schema_is_noticed",
    ),
    Mutant(
        name="cancelling-is-for-ever",
        guards="src/api/README 5",
        file="src/base/call.c",
        find="    call->round_at_start = atomic_load(round);\n",
        replace="    call->round_at_start = 0;\n",
        killer="u_handle:a_cancellation_ends_what_is_under_way",
    ),
    Mutant(
        name="token-of-a-request-is-forgotten",
        guards="src/api/README 5",
        file="src/api/handle.c",
        find="    call_obey(ret, limits && limits->token ? &limits->token->cancelled : NULL);\n",
        replace="",
        killer="u_handle:a_token_ends_its_calls",
    ),
    Mutant(
        name="token-of-the-handle-is-forgotten",
        guards="src/api/README 5",
        file="src/api/handle.c",
        find="    call_obey(ret, grove->limits.token ? &grove->limits.token->cancelled : NULL);\n",
        replace="",
        killer="u_handle:a_token_ends_its_calls",
    ),
    Mutant(
        name="projector-for-an-engine-of-yours",
        guards="src/api/README 10",
        file="src/api/projector.c",
        find="grove->has_home && grove->database_private && grove->engine_private &&",
        replace="grove->has_home && grove->database_private &&",
        killer="tests/e2e/test_resident.py::test_it_is_not_started[env1]",
    ),
    Mutant(
        name="projector-is-not-to-be-switched-off",
        guards="src/api/README 10",
        file="src/api/projector.c",
        find="!off && !options->no_projector;",
        replace="!options->no_projector;",
        killer="tests/e2e/test_resident.py::test_it_is_not_started[env0]",
    ),
    Mutant(
        name="projector-is-not-stopped-first",
        guards="src/api/README: control flow",
        file="src/api/handle.c",
        find="        code = resident_stop(&home, error);",
        replace="        code = vector_server_stop(&home, error);",
        killer="tests/e2e/test_resident.py::test_it_is_stopped_first",
    ),
    Mutant(
        name="projector-of-the-version-before-stays",
        guards="src/api/README: control flow",
        file="src/api/handle.c",
        find="    if (code == GROVE_OK && *ret_applied > 0 && grove->projector_wanted)",
        replace="    if (code == GROVE_CODE_COUNT && grove->projector_wanted)",
        killer="tests/e2e/test_resident.py::test_a_new_schema_gets_a_new_one",
    ),
    Mutant(
        name="projector-starts-postgresql",
        guards="src/sync/README 12",
        file="src/api/handle.c",
        find="    if (grove->is_projector)\n",
        replace="    if (grove->is_projector && error->code == GROVE_CODE_COUNT)\n",
        killer="tests/e2e/test_resident.py::test_it_starts_no_postgresql",
        limit_seconds=20,
        hangs=True,
    ),
    Mutant(
        name="looking-makes-what-a-home-lacks",
        guards="src/api/README 9",
        file="src/api/handle.c",
        find="code = home_look(options->home, &grove->home, error);",
        replace="code = home_find(options->home, &grove->home, error);",
        killer="tests/e2e/test_looking.py::test_looking_at_a_home_changes_nothing",
    ),
    Mutant(
        name="looking-starts-the-database",
        guards="src/api/README 9",
        file="src/api/handle.c",
        find="        pool.starter.start = grove->looking ? NULL : start_database;\n",
        replace="        pool.starter.start = start_database;\n",
        killer="u_handle:looking_starts_nothing",
    ),
    Mutant(
        name="looking-starts-the-engine",
        guards="src/api/README 9",
        file="src/api/handle.c",
        find="        engine.starter.start = grove->looking ? NULL : start_engine;\n",
        replace="        engine.starter.start = start_engine;\n",
        killer="u_handle:looking_starts_nothing",
    ),
    Mutant(
        name="looking-writes-the-model-s-seal",
        guards="src/api/README 9",
        file="src/catalog/store.c",
        find="store->model_seal[0] && !store->model_seal_stays && !seal.failed",
        replace="store->model_seal[0] && !seal.failed",
        killer="tests/e2e/test_looking.py::test_looking_at_a_home_changes_nothing",
    ),
    Mutant(
        name="recall-believes-the-engine",
        guards="src/api/README 7",
        file="src/api/recall.c",
        find="        if (!repeated)\n            items[count++]",
        replace="        if (!repeated && row->gone)\n            items[count++]",
        killer="tests/e2e/test_recall.py::test_an_engine_that_lost_rows_is_noticed",
    ),
    Mutant(
        name="recall-misses-what-was-deleted",
        guards="src/api/README 7",
        file="src/api/recall.c",
        find="        row->gone = rows.count == 0 || ",
        replace="        row->gone = rows.count > 1 && ",
        killer="tests/e2e/test_library.py::"
               "test_rows_deleted_while_recall_is_measured_are_not_missed",
    ),
    Mutant(
        name="recall-cuts-characters",
        guards="src/api/README: recall is measured",
        file="src/api/recall_queries.c",
        find="        end_whole(query);\n",
        replace="        if (i > queries)\n            end_whole(query);\n",
        killer="tests/e2e/test_recall.py::test_sound_searches_find_all",
    ),
    Mutant(
        name="recall-of-an-engine-that-is-out",
        guards="src/api/README, failures",
        file="src/api/recall.c",
        find="    if (code == GROVE_OK && !status->engine_ok) {",
        replace="    if (code == GROVE_OK && !status->engine_ok && !status->database_ok) {",
        killer="tests/e2e/test_recall.py::test_an_engine_that_is_out_is_no_measure",
    ),
]

NO_MUTANTS = [
    NoMutant("src/api/README 6",
             "no line keeps it: the calls it makes are searches and three statements that read; "
             "test_sound_searches_find_all compares all that could have changed"),
    NoMutant("src/api/README 8",
             "an order of locks is kept by all the code that takes them, not by a guard; "
             "ThreadSanitizer reports an inversion that a test runs into"),
]
