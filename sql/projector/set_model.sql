-- SPDX-License-Identifier: Apache-2.0
-- Makes another model the one whose vectors the database compares.
--   $1 text     model id
--   $2 boolean  only where that is the one that the database is to have next (note_model.sql)
-- answers: bigint, boolean
-- Second in its transaction, after the lock that keeps acknowledgments out (model_change.c): so that no
-- content leaves the outbox that this statement does not see.
-- Every content goes into the outbox, under a revision that is drawn for the row: nothing that a
-- writer could want is locked or changed. Contents keep their revisions. Those of their points rise
-- with the generation, by more than was ever drawn: a projector that is still at work with the old
-- model writes points of an old revision. Vectors of the old model are kept, for the way back. What
-- was noted of a next model is over with it.
-- The contents that are to be projected, and whether the model is another one now; none where it was
-- this one already.
WITH old AS MATERIALIZED (
    SELECT s.value
    FROM grove.setting AS s
    WHERE s.name = 'model' AND s.value <> $1
      AND (NOT $2::boolean
           OR EXISTS (SELECT FROM grove.setting AS n WHERE n.name = 'next_model' AND n.value = $1))
    FOR UPDATE
), ended AS (
    DELETE FROM grove.setting AS s
    WHERE s.name IN ('next_model', 'next_model_at')
      AND (NOT $2::boolean OR EXISTS (SELECT FROM old))
), changed AS (
    UPDATE grove.setting AS s
    SET value = CASE s.name
                WHEN 'model' THEN $1
                ELSE (s.value::bigint + nextval('grove.revision_seq'))::text END,
        changed_at = clock_timestamp()
    FROM old
    WHERE s.name IN ('model', 'generation')
), queued AS (
    INSERT INTO grove.outbox AS o (content_id, revision, deleted)
    SELECT s.content_id, nextval('grove.revision_seq'), false
    FROM grove.content_state AS s, old
    ORDER BY s.content_id
    RETURNING o.content_id
)
SELECT (SELECT count(*) FROM queued), EXISTS (SELECT FROM old)
