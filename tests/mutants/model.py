# SPDX-License-Identifier: Apache-2.0
"""Mutants of a change of the database's model (sql/model_change.md)."""

from mutant import Mutant

ACKNOWLEDGE = "sql/projector/acknowledge.sql"
SET_MODEL = "sql/projector/set_model.sql"
SUPPLIED = "sql/parts/supplied.sql"
GENERATION = "(SELECT value::bigint FROM grove.setting WHERE name = 'generation')"

MUTANTS = [
    Mutant(
        name="another-model-without-a-new-generation",
        guards="sql/README 7",
        file=SET_MODEL,
        find="                ELSE (s.value::bigint + nextval('grove.revision_seq'))::text END,\n",
        replace="                ELSE s.value END,\n",
        killer="u_schema:another_model_has_every_content_projected",
    ),
    Mutant(
        name="generation-rises-by-one",
        guards="sql/model_change: races",
        file=SET_MODEL,
        find="                ELSE (s.value::bigint + nextval('grove.revision_seq'))::text END,\n",
        replace="                ELSE (s.value::bigint + 1)::text END,\n",
        killer="u_schema:another_model_has_every_content_projected",
    ),
    Mutant(
        name="points-of-the-old-model-are-acknowledged",
        guards="sql/README 7",
        file=ACKNOWLEDGE,
        find="    SELECT EXISTS (SELECT FROM generation WHERE number = $6) AS generation\n",
        replace="    SELECT EXISTS (SELECT FROM generation WHERE $6 >= 0) AS generation\n",
        killer="u_projection_model:nothing_of_another_model_is_acknowledged",
    ),
    Mutant(
        name="contents-are-acknowledged-while-the-model-changes",
        guards=("sql/README 7", "sql/model_change: races"),
        file=ACKNOWLEDGE,
        find=" AND (SELECT pg_try_advisory_xact_lock_shared(7454108921))\n",
        replace="\n",
        killer="u_projection_model:nothing_is_acknowledged_while_the_model_changes",
    ),
    Mutant(
        name="acknowledging-waits-for-a-change-of-the-model",
        guards="sql/model_change: races",
        file=ACKNOWLEDGE,
        find="(SELECT pg_try_advisory_xact_lock_shared(7454108921))\n",
        replace="(SELECT pg_advisory_xact_lock_shared(7454108921) IS NOT NULL)\n",
        killer="u_projection_model:acknowledging_waits_for_no_change",
        limit_seconds=8,
        hangs=True,
    ),
    Mutant(
        name="acknowledging-waits-for-a-change-of-the-settings",
        guards="sql/model_change: races",
        file=ACKNOWLEDGE,
        find=" AND (SELECT pg_try_advisory_xact_lock_shared(7454108921))\n"
             "    FOR SHARE OF s SKIP LOCKED\n",
        replace="\n    FOR SHARE OF s\n",
        killer="u_projection_model:acknowledging_waits_for_no_change",
        limit_seconds=8,
        hangs=True,
    ),
    Mutant(
        name="model-changes-beside-acknowledgments",
        guards="sql/model_change: races",
        file="src/catalog/store.c",
        find="\"SELECT pg_advisory_xact_lock(7454108921)\"",
        replace="\"SELECT 7454108921\"",
        killer="u_projection_model:a_change_waits_for_acknowledgments",
    ),
    Mutant(
        name="change-of-the-model-waits-for-writers",
        guards=("sql/model_change: races", "sql/README: lock order"),
        file="src/catalog/store.c",
        find="\"SELECT pg_advisory_xact_lock(7454108921)\"",
        replace="\"LOCK TABLE public.content_metadata, grove.body IN SHARE ROW EXCLUSIVE MODE\"",
        killer="u_writers:a_change_of_the_model_waits_for_no_writer",
    ),
    Mutant(
        name="change-of-the-model-locks-states",
        guards=("sql/model_change: races", "sql/README: lock order"),
        file=SET_MODEL,
        find="    FROM grove.content_state AS s, old\n",
        replace="    FROM (SELECT t.content_id FROM grove.content_state AS t, old"
                " FOR UPDATE OF t) AS s\n",
        killer="u_writers:a_change_of_the_model_waits_for_no_writer",
    ),
    Mutant(
        name="points-are-without-the-generation",
        guards=("sql/README 7", "src/sync/README 5"),
        file="src/sync/projector.c",
        find="        .revision = pg_int8(rows, r, 1) + batch->generation,\n",
        replace="        .revision = pg_int8(rows, r, 1) + 0 * batch->generation,\n",
        killer="u_projection_model:a_late_write_of_the_old_model_loses",
    ),
    Mutant(
        name="late-write-of-the-old-model-is-not-put-in-again",
        guards=("src/sync/README 5", "sql/model_change: races"),
        file=ACKNOWLEDGE,
        find=f"  AND coalesce(s.revision + {GENERATION}, -1)\n",
        replace="  AND coalesce(s.revision + $6, -1)\n",
        killer="u_projection_model:a_late_write_of_the_old_model_is_mended",
    ),
    Mutant(
        name="points-of-the-new-model-are-strangers",
        guards="src/sync/README 8",
        file="sql/projector/drawn.sql",
        find=f"           + {GENERATION}\n",
        replace="",
        killer="u_projection_model:points_of_the_new_model_are_somebodys",
    ),
    Mutant(
        name="deleted-contents-keep-points-of-a-later-generation",
        guards="sql/README 2",
        file="src/sync/projector.c",
        find="batch->revisions[i] + batch->generation;\n    }\n    CHECK(batch->point_count + ",
        replace="batch->revisions[i];\n    }\n    CHECK(batch->point_count + ",
        killer="u_projection_model:what_is_deleted_goes_whatever_the_generation",
    ),
    Mutant(
        name="supplied-vectors-stay-with-the-old-model",
        guards="src/sync/README 6",
        file="src/sync/projector.c",
        find="        if (pg_bool(ret, r, 12))",
        replace="        if (pg_bool(ret, r, 12) && false)",
        killer="u_projection_model:supplied_vectors_go_with_the_model",
    ),
    Mutant(
        name="computed-vector-counts-before-a-supplied-one",
        guards="src/sync/README 6",
        file=SUPPLIED,
        find=" OR e.origin = 'computed' OR",
        replace=" OR",
        killer="u_projection_model:what_was_supplied_meanwhile_is_taken_over",
    ),
    Mutant(
        name="what-was-supplied-last-does-not-count",
        guards="src/sync/README 6",
        file=SUPPLIED,
        find=" OR e.revision < x.revision)",
        replace=")",
        killer="u_projection_model:supplied_vectors_go_with_the_model",
    ),
    Mutant(
        name="spoilt-vectors-are-taken-over",
        guards="src/sync/README 10",
        file=SUPPLIED,
        find="  AND grove.is_direction(x.vector)\n",
        replace="",
        killer="u_projection_model:what_cannot_be_compared_is_not_taken_over",
    ),
    Mutant(
        name="search-compares-by-what-was-supplied-before",
        guards="sql/model_change: races",
        file="sql/parts/comparable.sql",
        find="               THEN false\n",
        replace="               THEN true\n",
        killer="tests/e2e/test_model_change.py::test_a_load_beside_a_change_keeps_its_vectors",
    ),
]
