# SPDX-License-Identifier: Apache-2.0
"""Mutants of the lineage of databases and collections (src/sync/lineage.md)."""

from mutant import Mutant

LINEAGE, COMPARE = "src/sync/lineage.c", "src/sync/lineage_compare.c"
SCHEMA, PAGE = "sql/0019_lineage.sql", "sql/lineage/lineage_compare.sql"

MUTANTS = [
    Mutant(
        name="rows-are-leased-in-doubt",
        guards="src/sync/lineage 1",
        file="sql/projector/lease.sql",
        find="      AND (SELECT grove.is_settled())\n",
        replace="      AND (SELECT grove.is_settled() IS NOT NULL)\n",
        killer="u_lineage:nothing_is_projected_before_it_is_noticed",
    ),
    Mutant(
        name="an-older-library-leases-in-doubt",
        guards="src/sync/lineage 1",
        file=SCHEMA,
        find=" AND NOT grove.is_settled() THEN\n",
        replace=" AND grove.is_settled() IS NULL THEN\n",
        killer="u_lineage:an_older_library_leases_nothing_in_doubt",
    ),
    Mutant(
        name="who-could-read-the-outbox-may-not-read-the-lineage",
        guards="src/sync/lineage 1",
        file=SCHEMA,
        find="          AND a.privilege_type IN ('SELECT', 'UPDATE')",
        replace="          AND a.privilege_type IN ('UPDATE')",
        killer="u_leaves:a_view_becomes_a_table",
    ),
    Mutant(
        name="anothers-collection-is-written-to",
        guards="src/sync/lineage 2, 3",
        file="src/sync/settle.c",
        find="    return code != GROVE_OK && vector_lacks_collection(error) ? GROVE_OK : code;\n",
        replace=("    (void)code;\n"
              "    return GROVE_OK;\n"),
        killer="u_lineage:anothers_collection_is_refused",
    ),
    Mutant(
        name="it-is-asked-whose-it-is-only-once",
        guards="src/sync/lineage 2",
        file=LINEAGE,
        find=("    return at_us != 0 && clock_monotonic_us() - at_us < (int"
              "64_t)LINEAGE_AGE_MS * 1000;\n"),
        replace="    return at_us != 0;\n",
        killer="u_lineage:it_is_asked_again",
    ),
    Mutant(
        name="it-is-not-asked-whose-it-is-right-before-the-write",
        guards="src/sync/lineage 2",
        file="src/sync/projector.c",
        find="        code = projector_check_collection(batch, error); // that took its time\n",
        replace="        code = call_check(batch->call, error);\n",
        killer="u_lineage:it_is_asked_right_before_the_write",
    ),
    Mutant(
        name="who-may-only-read-finds-nothing",
        guards="src/sync/lineage: died, or failed",
        file=LINEAGE,
        find="    return unnoted ? GROVE_OK : code;\n",
        replace="    return unnoted && !store ? GROVE_OK : code;\n",
        killer=("tests/e2e/test_lineage.py::"
                "test_who_may_only_read_does_without_the_engine[limit0-cut_history]"),
    ),
    Mutant(
        name="what-may-not-be-noted-is-no-doubt",
        guards="src/sync/lineage: died, or failed",
        file="src/catalog/store.c",
        find="    if (!ret_reason[0] && unknown && atomic_load(&store->doubt_unnoted))\n",
        replace="    if (!ret_reason[0] && !unknown && atomic_load(&store->doubt_unnoted))\n",
        killer=("tests/e2e/test_lineage.py::"
                "test_who_may_only_read_does_without_the_engine[limit0-take_out_the_witness]"),
    ),
    Mutant(
        name="anothers-mark-is-overlooked",
        guards="src/sync/lineage 3",
        file=LINEAGE,
        find=("        if (!is_own(&marks->items[i], lineage) && !is_predec"
              "essor(&marks->items[i], lineage))\n"),
        replace=("        if (!is_own(&marks->items[i], lineage) && is_predece"
                 "ssor(&marks->items[i], lineage))\n"),
        killer="u_lineage:anothers_collection_is_refused",
    ),
    Mutant(
        name="whoever-comes-succeeds",
        guards="src/sync/lineage: what each pair means",
        file=LINEAGE,
        find=("    return !is_own(mark, lineage) && strcmp(mark->place, lin"
              "eage->mark.place) == 0;\n"),
        replace="    return !is_own(mark, lineage) && mark->place[0];\n",
        killer="u_lineage:a_copy_is_another_database",
    ),
    Mutant(
        name="who-succeeds-does-not-compare",
        guards="src/sync/lineage: what each pair means",
        file=LINEAGE,
        find=("        lineage->doubted ? GROVE_OK : note_doubt(store, call"
              ", lineage, WAS_BEFORE, false, error);\n"),
        replace=("        lineage->mark.epoch ? GROVE_OK : note_doubt(store, c"
                 "all, lineage, WAS_BEFORE, false, error);\n"),
        killer="u_lineage:who_stands_in_anothers_place_succeeds_it",
    ),
    Mutant(
        name="points-of-others-are-adopted",
        guards="src/sync/lineage: what each pair means",
        file=LINEAGE,
        find="!fills && (looked == 0 || same < looked))",
        replace="!fills && looked == 0)",
        killer="u_lineage:points_of_others_are_not_adopted",
    ),
    Mutant(
        name="a-new-database-adopts-points",
        guards="src/sync/lineage: what each pair means",
        file=LINEAGE,
        find="!fills && (looked == 0 || same < looked))",
        replace="!fills && same < looked)",
        killer="u_lineage:a_new_database_adopts_no_points",
    ),
    Mutant(
        name="an-emptied-collection-counts-as-full",
        guards="src/sync/lineage: what each pair means",
        file=LINEAGE,
        find="        code = note_doubt(store, call, lineage, WAS_EMPTY, true, error);\n",
        replace="        code = GROVE_OK;\n",
        killer="u_lineage:an_emptied_collection_is_filled",
    ),
    Mutant(
        name="of-two-that-mark-one-wins",
        guards="src/sync/lineage 6",
        file=LINEAGE,
        find=("    if (!foreign)\n"
              "        return replace_marks(store, call, lineage, &none, error);\n"),
        replace=("    if (!foreign || foreign->epoch > 0)\n"
              "        return replace_marks(store, call, lineage, &none, error);\n"),
        killer="u_lineage:of_two_that_mark_both_give_up",
    ),
    Mutant(
        name="an-older-engine-is-believed",
        guards="src/sync/lineage: witness",
        file=LINEAGE,
        find=("    if (code == GROVE_OK && same < looked)\n"
              "        code = note_doubt("),
        replace=("    if (code == GROVE_OK && same > looked)\n"
              "        code = note_doubt("),
        killer="u_lineage:an_older_engine_is_noticed",
    ),
    Mutant(
        name="a-removed-point-bears-no-witness",
        guards="src/sync/lineage: witness",
        file=LINEAGE,
        find=("    if (none)\n"
              "        return !state->present;\n"),
        replace=("    if (none)\n"
                 "        return true;\n"),
        killer="u_lineage:an_engine_that_has_a_removed_point_is_noticed",
    ),
    Mutant(
        name="what-waits-bears-no-witness",
        guards="src/sync/lineage: witness",
        file=LINEAGE,
        find="    return waits ? !state->present || state->revision >= revision\n",
        replace="    return waits ? !state->present || state->revision != revision - 1000000\n",
        killer="u_lineage:an_older_engine_is_noticed_though_its_witness_waits",
    ),
    Mutant(
        name="what-waits-is-taken-for-older",
        guards="src/sync/lineage: witness",
        file=LINEAGE,
        find="    return waits ? !state->present || state->revision >= revision\n",
        replace="    return waits ? state->present && state->revision >= revision\n",
        killer="u_lineage:what_waits_is_not_taken_for_an_older_engine",
    ),
    Mutant(
        name="nobody-bears-witness",
        guards="src/sync/lineage: witness",
        file="sql/projector/acknowledge.sql",
        find="    WHERE w.is_one = witness.is_one AND EXISTS (SELECT FROM done)\n",
        replace="    WHERE w.is_one = witness.is_one AND EXISTS (SELECT FROM done) AND false\n",
        killer="u_lineage:an_older_engine_is_noticed",
    ),
    Mutant(
        name="an-older-epoch-is-taken-for-the-present",
        guards="src/sync/lineage: what each pair means",
        file=LINEAGE,
        find="    if (own->epoch < lineage->mark.epoch && lineage->marked)\n",
        replace="    if (own->epoch < lineage->mark.epoch && lineage->marked && false)\n",
        killer="u_lineage:an_engine_of_an_older_epoch_is_noticed",
    ),
    Mutant(
        name="a-mark-that-is-back-is-only-taken-away",
        guards="src/sync/lineage: what each pair means",
        file=LINEAGE,
        find="    if (lineage->marked && !lineage->doubted)\n",
        replace="    if (lineage->marked && !lineage->doubted && false)\n",
        killer="u_lineage:a_mark_that_is_back_is_noticed",
    ),
    Mutant(
        name="two-copies-take-it-from-each-other",
        guards="src/sync/lineage: what each pair means",
        file=LINEAGE,
        find=("    else if (!same && own->epoch >= lineage->mark.epoch && lineage->marked)\n"
              "        code = refuse_mark(store, lineage, own, error);\n"
              "    else if"),
        replace="    else if",
        killer="u_lineage:what_another_copy_took_is_refused",
    ),
    Mutant(
        name="a-new-epoch-does-not-outrank",
        guards="src/sync/lineage: what each pair means",
        file="sql/lineage/lineage_raise.sql",
        find="SET epoch = $2 + 1,",
        replace="SET epoch = epoch + 0 * $2,",
        killer="u_lineage:a_new_epoch_outranks_what_was_lost",
    ),
    Mutant(
        name="a-dump-is-not-noticed",
        guards="src/sync/lineage: what each pair means",
        file=SCHEMA,
        find="                 THEN 'copied' ELSE 'restored' END\n",
        replace="                 THEN 'copied' END\n",
        killer="u_lineage:a_restored_dump_is_noticed",
    ),
    Mutant(
        name="a-dump-beside-its-source-is-its-source",
        guards="src/sync/lineage: what each pair means",
        file=SCHEMA,
        find=("                      AND EXISTS (SELECT FROM pg_catalog.pg_"
              "database AS d WHERE d.oid = l.database)\n"),
        replace="                      AND false\n",
        killer="u_lineage:a_dump_beside_its_source_is_a_copy",
    ),
    Mutant(
        name="a-copy-is-its-template",
        guards="src/sync/lineage: what each pair means",
        file=SCHEMA,
        find="coalesce(w.system, l.system) AND l.database <> w.database THEN 'copied'\n",
        replace="0 AND l.database <> w.database THEN 'copied'\n",
        killer="u_lineage:a_copy_is_another_database",
    ),
    Mutant(
        name="a-failover-is-not-noticed",
        guards="src/sync/lineage: what each pair means",
        file=SCHEMA,
        find=" OR l.timeline <> w.timeline THEN 'cut'\n",
        replace=" THEN 'cut'\n",
        killer="u_lineage:a_cut_history_is_noticed",
    ),
    Mutant(
        name="a-revision-drawn-twice-is-believed",
        guards="src/sync/lineage: the comparison",
        file=PAGE,
        find="   OR (p.revision = k.revision AND k.waits)\n",
        replace="",
        killer="u_lineage:a_revision_drawn_twice_is_told",
    ),
    Mutant(
        name="what-nobody-has-stays",
        guards="src/sync/lineage: the comparison",
        file=PAGE,
        find="WHERE k.content_id IS NULL OR p.revision < 0",
        replace="WHERE p.revision < 0",
        killer="u_lineage:a_restored_dump_is_noticed",
    ),
    Mutant(
        name="what-differs-is-not-written",
        guards="src/sync/lineage: the comparison",
        file=PAGE,
        find="    WHERE NOT k.waits AND p.revision IS DISTINCT FROM k.revision\n",
        replace="    WHERE NOT k.waits AND p.revision IS NULL\n",
        killer="u_lineage:both_restored_are_mended",
    ),
    Mutant(
        name="what-is-equal-is-written",
        guards="src/sync/lineage 9",
        file=PAGE,
        find="    WHERE NOT k.waits AND p.revision IS DISTINCT FROM k.revision\n",
        replace="    WHERE NOT k.waits\n",
        killer="u_lineage:a_cut_history_is_noticed",
    ),
    Mutant(
        name="several-compare",
        guards="src/sync/lineage: the comparison",
        file="sql/lineage/lineage_claim.sql",
        find=("       OR $4::bigint IS NULL\n"
              "          AND (claimed_by IS NULL\n"),
        replace=("       OR $4::bigint IS NULL\n"
              "          AND (claimed_by IS NOT NULL OR claimed_by IS NULL\n"),
        killer="u_lineage:one_compares_at_a_time",
    ),
    Mutant(
        name="who-lost-the-claim-settles",
        guards="src/sync/lineage 7",
        file="sql/lineage/lineage_claim.sql",
        find="  AND (claimed_by = $2\n",
        replace="  AND ($4::bigint IS NOT NULL OR claimed_by = $2\n",
        killer="u_lineage:who_loses_the_claim_settles_nothing",
    ),
    Mutant(
        name="pages-leave-a-gap",
        guards="src/sync/lineage 7",
        file=COMPARE,
        find="    self->from_id = last_id + 1;\n",
        replace="    self->from_id = last_id + 100;\n",
        killer="u_lineage:pages_meet",
    ),
    Mutant(
        name="the-taker-does-not-compare",
        guards="src/sync/lineage 7",
        file="sql/lineage/lineage_take.sql",
        find="        doubt = $1,",
        replace="        doubt = left($1, 0) || NULL,",
        killer="u_lineage:who_takes_a_collection_compares_it",
    ),
    Mutant(
        name="a-search-in-doubt-asks-the-engine",
        guards="src/sync/lineage: states",
        file="src/query/ranking.c",
        find="        code = store_check_doubt(run->store, &engine_error);\n",
        replace="        code = call_check(run->call, &engine_error);\n",
        killer="u_doubt:a_search_in_doubt_asks_no_engine",
    ),
    Mutant(
        name="what-nobody-has-noted-is-no-doubt",
        guards="src/sync/lineage: states",
        file="src/catalog/store.c",
        find="    if (!pg_is_null(rows, 0, 4))\n",
        replace="    if (!pg_is_null(rows, 0, 4) && false)\n",
        killer="u_doubt:a_search_sees_what_has_happened",
    ),
    Mutant(
        name="a-searching-handle-takes-anothers-collection",
        guards="src/sync/lineage 3",
        file="src/query/ranking.c",
        find="    enum grove_code code = lineage_look(run->store, run->call, &engine_error);\n",
        replace="    enum grove_code code = call_check(run->call, &engine_error);\n",
        killer="tests/e2e/test_lineage.py::test_another_databases_collection_is_refused",
    ),
    Mutant(
        name="the-status-takes-anothers-collection-for-its-own",
        guards="src/sync/lineage 3",
        file=LINEAGE,
        find=("    if (find_foreign(marks, lineage))\n"
              "        return find_foreign(marks, lineage);\n"),
        replace="",
        killer="tests/e2e/test_lineage.py::test_another_databases_collection_is_refused",
    ),
    Mutant(
        name="the-status-of-a-copy-is-its-sources",
        guards="src/sync/lineage 3",
        file=LINEAGE,
        find=("        return copied && own && strcmp(own->place, lineage"
              "->mark.place) != 0 ? own : NULL;\n"),
        replace="        return copied && own && own->epoch < 0 ? own : NULL;\n",
        killer="tests/e2e/test_lineage.py::test_a_copy_is_another_database",
    ),
    Mutant(
        name="the-status-knows-no-doubt",
        guards="src/sync/lineage: states",
        file="src/api/status.c",
        find="    (void)!store_is_doubted(&grove->store, status->doubt);\n",
        replace="",
        killer="tests/e2e/test_lineage.py::test_a_restored_base_backup_is_mended",
    ),
    Mutant(
        name="pages-in-any-order",
        guards="src/vector/README: what an answer is worth",
        file="src/vector/qdrant_lineage.c",
        find="        if (state.content_id <= previous)\n",
        replace="        if (state.content_id <= previous && false)\n",
        killer="u_qdrant:what_is_no_answer_is_an_error",
    ),
]
