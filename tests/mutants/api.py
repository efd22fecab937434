# SPDX-License-Identifier: Apache-2.0
"""Mutants of src/api: what a handle does with servers that are yours."""

from mutant import Mutant, NoMutant

MUTANTS = [
    Mutant(
        name="opening-asks-the-database",
        guards="src/api/README 1",
        file="src/api/handle.c",
        find="        code = open_engine(grove, options, error);\n    return code;",
        replace="        code = open_engine(grove, options, error);\n"
                "    struct pg_conn *conn = NULL;\n"
                "    if (code == GROVE_OK)\n"
                "        code = pg_take(grove->store.pool, &conn, error);\n"
                "    pg_give(&conn);\n"
                "    return code;",
        killer="u_handle:nobody_is_asked_before_there_is_need",
    ),
    Mutant(
        name="database-of-yours-is-migrated",
        guards="src/api/README 2",
        file="src/api/handle.c",
        find="    if (grove->database_private || version > migrate_wanted())",
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
        file="src/api/calls.c",
        find="    mem_free(items);\n    return code;",
        replace="    mem_free(items);\n"
                "    atomic_store(&grove->store.cancelled, false);\n"
                "    return code;",
        killer="u_handle:what_is_cancelled_stays_cancelled",
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
