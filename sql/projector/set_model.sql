-- SPDX-License-Identifier: Apache-2.0
-- Makes another model the one whose vectors the database compares.
--   $1 text  model id
-- answers: bigint
-- Second in its transaction, after the lock that keeps acknowledgments out (store.c): so that no
-- content leaves the outbox that this statement does not see.
-- Every content goes into the outbox, under a revision that is drawn for the row: nothing that a
-- writer could want is locked or changed. Contents keep their revisions. Those of their points rise
-- with the generation, by more than was ever drawn: a projector that is still at work with the old
-- model writes points of an old revision. Vectors of the old model are kept, for the way back.
-- The contents that are to be projected; 0 where the model was this one already.
WITH old AS MATERIALIZED (
    SELECT value FROM grove.setting WHERE name = 'model' AND value <> $1 FOR UPDATE
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
SELECT count(*) FROM queued
