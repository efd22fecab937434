# SPDX-License-Identifier: Apache-2.0
"""Mutants of src/catalog: migrations, paths, the model's files."""

from mutant import Mutant, NoMutant

MUTANTS = [
    Mutant(
        name="migration-committed-without-its-row",
        guards="src/catalog/README 2",
        file="src/catalog/migrate.c",
        find="    if (code != GROVE_OK) {\n"
             '        error_context(error, "applying migration %s", migration->file->name);\n'
             "        return code;",
        replace="    if (code == GROVE_OK)\n"
                '        code = pg_exec(self->conn, "COMMIT; BEGIN", error);\n'
                "    if (code != GROVE_OK) {\n"
                '        error_context(error, "applying migration %s", migration->file->name);\n'
                "        return code;",
        killer="u_migrate:a_migration_and_its_row_are_committed_together",
    ),
    Mutant(
        name="two-processes-migrate-at-once",
        guards=("docs/architecture: locks, 4", "src/catalog/README: failures"),
        file="src/catalog/migrate_wait.c",
        find="    while (code == GROVE_OK && !self->locked) {",
        replace="    while (code == GROVE_OK && !self->locked && self->to < 0) {",
        killer="u_upgrade:who_migrates_online_keeps_others_out",
    ),
    Mutant(
        name="transactions-migrate-at-once",
        guards=("docs/architecture: locks, 4", "src/catalog/README: failures"),
        file="src/catalog/migrate_wait.c",
        find="        *ret_taken = pg_bool(&rows, 0, 0);",
        replace="        *ret_taken = pg_bool(&rows, 0, 0) || rows.count == 1;",
        killer="u_migrate:one_process_migrates_at_a_time",
    ),
    Mutant(
        name="who-waits-for-migrations-has-a-snapshot",
        guards="sql/migrations: invariants, 4",
        file="src/catalog/migrate_wait.c",
        find='SELECT pg_try_advisory_lock(" MIGRATE_LOCK_KEY ")"',
        replace='SELECT pg_advisory_lock(" MIGRATE_LOCK_KEY ") IS NOT NULL"',
        killer="u_migrate:who_waits_for_the_lock_keeps_no_index_waiting",
        limit_seconds=30,
        hangs=True,
    ),
    Mutant(
        name="changed-migration-is-not-told",
        guards=("src/catalog/README 3", "sql/README 9"),
        file="src/catalog/migrate.c",
        find="        if (!text_equal(pg_text(&rows, r, 1), text_of(checksum)))",
        replace="        if (pg_text(&rows, r, 1).length == 0)",
        killer="u_migrate:a_changed_migration_is_told",
    ),
    Mutant(
        name="newer-database-is-taken",
        guards="src/catalog/README: failures",
        file="src/catalog/migrate.c",
        find="    if (code == GROVE_OK && is_too_new(&schema))",
        replace="    if (code == GROVE_OK && is_too_new(&schema) && !self)",
        killer="u_migrate:a_newer_database_is_refused",
    ),
    Mutant(
        name="unknown-statement-is-none",
        guards="src/catalog/README 4",
        file="src/catalog/assets.c",
        find="    CHECK(file->name);",
        replace="    CHECK(file);",
        killer="u_migrate:a_statement_that_is_not_there_is_a_bug",
    ),
    Mutant(
        name="path-with-an-empty-name",
        guards="src/catalog/README 5",
        file="src/catalog/path.c",
        find="    if (text_trim(name).length == 0)",
        replace="    if (!name.data)",
        killer="u_path:bad_paths",
    ),
    Mutant(
        name="path-of-five-names",
        guards="src/catalog/README 5",
        file="src/catalog/path.c",
        find="        if (level == LEVELS) {",
        replace="        if (level == LEVELS && !string) {",
        killer="u_path:bad_paths",
    ),
    Mutant(
        name="damaged-model-is-used",
        guards="src/catalog/README 6",
        file="src/catalog/store.c",
        find="    if (strcmp(digest, store_model_files[i].sha256) == 0)\n        return GROVE_OK;",
        replace="    if (digest[0])\n        return GROVE_OK;",
        killer="u_store:a_damaged_model_is_not_used",
    ),
    Mutant(
        name="seal-of-other-files-is-believed",
        guards="src/catalog/README 6",
        file="src/catalog/store.c",
        find="        text_equal((struct text){(const char *)map.data, map.size_bytes}, "
             "strbuf_text(seal));",
        replace="        map.size_bytes > 0;",
        killer="u_store:a_damaged_model_is_not_used",
    ),
    Mutant(
        name="migration-waits-with-all-behind-it",
        guards="src/catalog/README: failures",
        file="src/catalog/migrate.c",
        find="SET LOCAL lock_timeout = '\" MIGRATE_LOCK_PATIENCE \"'",
        replace="SET LOCAL lock_timeout = 0",
        killer="u_migrate:a_migration_keeps_nobody_waiting",
        limit_seconds=20,
    ),
    Mutant(
        name="migration-that-waited-fails",
        guards="src/catalog/README: failures",
        file="src/catalog/migrate_wait.c",
        find="    return strcmp(error->sqlstate, \"55P03\") == 0 ||",
        replace="    return strcmp(error->sqlstate, \"\") == 0 ||",
        killer="u_migrate:a_migration_keeps_nobody_waiting",
    ),
    Mutant(
        name="migration-is-tried-for-ever",
        guards="src/catalog/README: failures",
        file="src/catalog/migrate_wait.c",
        find="KNOB(MIGRATION_MS, PATIENCE_MS) * 1000",
        replace="INT64_MAX",
        killer="u_migrate:a_migration_does_not_try_for_ever",
        limit_seconds=20,
        hangs=True,
    ),
    Mutant(
        name="wait-for-a-model-without-end",
        guards="src/catalog/README: control flow",
        file="src/catalog/store.c",
        find="    enum grove_code code = long_lock_take(&model->opening, call, error);",
        replace="    enum grove_code code = "
                "long_lock_take(&model->opening, call ? NULL : call, error);",
        killer="u_store:who_waits_for_a_model_ends_with_its_call",
        limit_seconds=30,
        hangs=True,
    ),
    Mutant(
        name="slashes-of-names-part-a-path",
        guards="src/catalog/README: failures",
        file="src/catalog/path.c",
        find="        if (name.data[i] == '/' || ",
        replace="        if (",
        killer="tests/e2e/test_bad_input.py::test_names_are_told_as_a_path_has_them",
        limit_seconds=180,
    ),
    Mutant(
        name="seal-of-other-weights-is-believed",
        guards="src/catalog/README 6",
        file="src/catalog/store.c",
        find="read_weights_seal(store, seal, &sealed) && sealed == precision)",
        replace="read_weights_seal(store, seal, &sealed))",
        killer="u_store:weights_are_read_once",
    ),
    Mutant(
        name="weights-are-not-sealed-anew",
        guards="src/catalog/README 6",
        file="src/catalog/store.c",
        find="        (!options.seal || strcmp(",
        replace="        (options.seal && strcmp(",
        killer="u_store:weights_are_read_once",
    ),
    Mutant(
        name="nobody-waits-for-what-is-embedded-ahead",
        guards="src/catalog/README: control flow",
        file="src/catalog/store.c",
        find="    if (!atomic_load(&store->ahead_busy))\n",
        replace="    if (store->ahead_busy || true)\n",
        killer="u_store:the_first_text_is_embedded_ahead",
    ),
    Mutant(
        name="what-is-embedded-ahead-is-waited-for-for-ever",
        guards="src/catalog/README: control flow",
        file="src/catalog/store.c",
        find="long_lock_take(&store->ahead, call, error);",
        replace="long_lock_take(&store->ahead, call ? NULL : call, error);",
        killer="u_store:the_first_text_is_embedded_ahead",
        limit_seconds=30,
        hangs=True,
    ),
]

NO_MUTANTS = [
    NoMutant("src/catalog/README 1",
             "the numbers are those of the files that meson.build lists: a gap ends every program "
             "at once, and no test can have another list without another build"),
]
