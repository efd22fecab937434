# SPDX-License-Identifier: Apache-2.0
"""Mutants of src/pg: connections, transactions, the private cluster."""

from mutant import Mutant

MUTANTS = [
    Mutant(
        name="hint-shows-the-password-of-a-url",
        guards="docs/troubleshooting: your own servers",
        file="src/pg/url_form.c",
        find="if (is_password(name) || text_equal",
        replace="if (text_equal",
        killer="u_url_form:names_the_form_and_the_right_url",
    ),
    Mutant(
        name="hint-takes-a-password-for-the-user",
        guards="docs/troubleshooting: your own servers",
        file="src/pg/url_form.c",
        find="    text_split(&user, ':', &url->user);\n",
        replace="    url->user = user;\n",
        killer="u_url_form:names_the_form_and_the_right_url",
    ),
    Mutant(
        name="hint-guesses-which-at-ends-the-password",
        guards="docs/troubleshooting: your own servers",
        file="src/pg/url_form.c",
        find="    if (strchr(*at, '@') ||",
        replace="    if (false ||",
        killer="u_url_form:says_nothing_of_what_it_does_not_know",
    ),
    Mutant(
        name="rows-of-any-size",
        guards="src/pg/README: memory",
        file="src/pg/query.c",
        find="    if (!arena_has_room(arena, size_bytes)) {\n",
        replace="    size_bytes = 0;\n    if (!arena_has_room(arena, size_bytes)) {\n",
        killer="u_promises:rows_count_where_an_arena_counts",
    ),
    Mutant(
        name="place-of-a-failed-connection-is-lost",
        guards="src/pg/README 1",
        file="src/pg/pool.c",
        find="            give_up_place(pool, &pool->connecting_count);\n            return code;",
        replace="            return code;",
        killer="u_promises:nobody_waits_for_one_who_connects",
    ),
    Mutant(
        name="mutex-held-while-connecting",
        guards="src/pg/README 2",
        file="src/pg/pool.c",
        find="        code = open_connection(pool, call, &conn, error);\n        if (code != GROVE_OK) {",
        replace="        pthread_mutex_lock(&pool->mutex);\n"
                "        code = open_connection(pool, call, &conn, error);\n"
                "        pthread_mutex_unlock(&pool->mutex);\n"
                "        if (code != GROVE_OK) {",
        killer="u_promises:nobody_waits_for_one_who_connects",
        limit_seconds=5,
        hangs=True,
    ),
    Mutant(
        name="open-transaction-is-given-on",
        guards="src/pg/README 3",
        file="src/pg/pool.c",
        find="    if (!conn->broken && PQtransactionStatus(conn->link) != PQTRANS_IDLE)\n"
             "        pg_rollback(conn);\n"
             "    if (conn->broken || PQtransactionStatus(conn->link) != PQTRANS_IDLE) {",
        replace="    if (conn->broken) {",
        killer="u_server:what_is_open_is_rolled_back_when_given_back",
    ),
    Mutant(
        name="column-of-another-type-is-read",
        guards="src/pg/README 4",
        file="src/pg/rows.c",
        find="    CHECK(type_of(rows, column) == PG_INT4);",
        replace="    CHECK(type_of(rows, column) != 0);",
        killer="u_promises:a_column_of_another_type_is_a_bug",
    ),
    Mutant(
        name="commit-that-rolled-back-is-believed",
        guards="src/pg/README 5",
        file="src/pg/query.c",
        find='    else if (strcmp(PQcmdStatus(result), "COMMIT") != 0)',
        replace='    else if (strcmp(PQcmdStatus(result), "") == 0)',
        killer="u_server:a_commit_that_rolls_back_is_an_error",
    ),
    Mutant(
        name="snapshot-moves",
        guards=("src/query/README: invariants", "docs/architecture: life of a search"),
        file="src/pg/query.c",
        find='"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"',
        replace='"BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"',
        killer="u_server:a_snapshot_shows_one_moment_and_writes_nothing",
    ),
    Mutant(
        name="connection-string-is-quoted",
        guards="src/pg/README 8",
        file="src/pg/pool.c",
        find='        error_set(error, GROVE_INVALID, "the database\'s connection string cannot be '
             'read");',
        replace='        error_set(error, GROVE_INVALID, "the connection string \\"%s\\" cannot be '
                'read", conninfo);',
        killer="u_pg:a_bad_connection_string_stays_secret",
    ),
    Mutant(
        name="password-with-a-bare-at-is-shown",
        guards="src/pg/README 8",
        file="src/pg/pool.c",
        find="has_stray_at(conninfo) ? NULL : PQconninfoParse(conninfo, &reason);",
        replace="has_stray_at(conninfo) && !conninfo[0] ? NULL : "
                "PQconninfoParse(conninfo, &reason);",
        killer="u_pg:a_stray_at_is_refused",
    ),
    Mutant(
        name="cluster-is-made-in-its-place",
        guards="src/pg/README 6",
        file="src/pg/cluster.c",
        find="    enum grove_code code = run_initdb(cluster, folder, error);\n",
        replace="    enum grove_code code = run_initdb(cluster, cluster->data, error);\n",
        killer="u_private:half_a_cluster_is_none",
    ),
    Mutant(
        name="postmaster-of-another-folder-is-ours",
        guards="src/pg/README 7",
        file="src/pg/cluster.c",
        find="    return works_in((pid_t)pid, cluster->data) && is_postgres((pid_t)pid) ? "
             "(pid_t)pid : 0;",
        replace="    return is_postgres((pid_t)pid) ? (pid_t)pid : 0;",
        killer="u_private:a_postmaster_works_in_its_folder",
    ),
    Mutant(
        name="any-process-in-the-folder-is-the-postmaster",
        guards="src/pg/README 7",
        file="src/pg/cluster.c",
        find="    return works_in((pid_t)pid, cluster->data) && is_postgres((pid_t)pid) ? "
             "(pid_t)pid : 0;",
        replace="    return works_in((pid_t)pid, cluster->data) ? (pid_t)pid : 0;",
        killer="u_private:a_postmaster_works_in_its_folder",
    ),
    Mutant(
        name="minus-infinity-becomes-a-time",
        guards="src/pg/README 9",
        file="src/pg/params.c",
        find="    if (timestamp_us == CLOCK_MINUS_INFINITY)\n",
        replace="    if (timestamp_us == 1 - CLOCK_INFINITY)\n",
        killer="u_times:bounds_out_of_reach",
    ),
    Mutant(
        name="bound-before-the-first-time-is-sent",
        guards="src/pg/README 9",
        file="src/pg/params.c",
        find="    return too_early || moved_us < PG_FIRST_US ? PG_FIRST_US : moved_us;",
        replace="    return too_early ? PG_FIRST_US : moved_us;",
        killer="u_times:bounds_out_of_reach",
    ),
    Mutant(
        name="late-time-becomes-infinity",
        guards="src/pg/README 9",
        file="src/pg/rows.c",
        find="    return too_late || since_1970 == CLOCK_INFINITY ? CLOCK_INFINITY - 1 :",
        replace="    return too_late ? CLOCK_INFINITY :",
        killer="u_times:times_come_and_go",
    ),
]
