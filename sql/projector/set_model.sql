-- SPDX-License-Identifier: Apache-2.0
-- Makes another model the one whose vectors the database compares.
--   $1 text  model id
-- answers: bigint
-- Second in its transaction, after a lock on the tables of contents (store.c), so that no content
-- and no vector of one comes, goes or changes meanwhile.
-- Every content takes a new revision and goes into the outbox, as if its text had changed: a
-- projector that is still at work with the old model finds that it wrote an old revision. Vectors
-- that were supplied, not computed, stay what they are. Computed ones of the old model are kept,
-- for the way back.
-- The contents that are to be embedded; 0 where the model was this one already.
WITH old AS MATERIALIZED (
    SELECT value FROM grove.setting WHERE name = 'model' AND value <> $1 FOR UPDATE
), changed AS (
    UPDATE grove.setting AS s
    SET value = $1, changed_at = clock_timestamp()
    FROM old
    WHERE s.name = 'model'
), supplied AS (
    INSERT INTO grove.embedding (content_id, model, text_sha256, origin, vector, revision)
    SELECT e.content_id, $1, e.text_sha256, e.origin, e.vector, e.revision
    FROM grove.embedding AS e
    JOIN old ON e.model = old.value
    WHERE e.origin <> 'computed'
    ORDER BY e.content_id
    ON CONFLICT (content_id, model) DO UPDATE
    SET text_sha256 = excluded.text_sha256,
        origin = excluded.origin,
        vector = excluded.vector,
        revision = excluded.revision,
        created_at = clock_timestamp()
), locked AS MATERIALIZED (
    SELECT s.content_id
    FROM grove.content_state AS s, old
    ORDER BY s.content_id
    FOR UPDATE OF s
), state AS (
    UPDATE grove.content_state AS s
    SET revision = nextval('grove.revision_seq')
    FROM locked
    WHERE s.content_id = locked.content_id
    RETURNING s.content_id, s.revision
), queued AS (
    INSERT INTO grove.outbox AS o (content_id, revision, deleted)
    SELECT content_id, revision, false
    FROM state
    ORDER BY content_id
    RETURNING o.content_id
)
SELECT count(*) FROM queued
