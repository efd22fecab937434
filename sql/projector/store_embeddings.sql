-- SPDX-License-Identifier: Apache-2.0
-- Keeps computed embeddings, but only of contents that are still at the revision they were read
-- at: the lock on their state makes a concurrent change wait, so that a slow projector cannot put
-- an old vector over a newer one.
--   $1 integer[]  content ids, ascending
--   $2 bigint[]   revisions they were read at
--   $3 bytea[]    SHA-256 of the embedded texts
--   $4 bytea[]    vectors
--   $5 text       model id
-- answers: integer
-- The contents whose embeddings were kept. Those that somebody else has locked are left out: who
-- never waits while it holds locks is never part of a deadlock, and so no writer's victim.
WITH content AS MATERIALIZED (
    SELECT m.id
    FROM public.content_metadata AS m
    WHERE m.id = ANY ($1)
    ORDER BY m.id
    FOR KEY SHARE SKIP LOCKED
), state AS MATERIALIZED (
    SELECT s.content_id, s.revision
    FROM grove.content_state AS s
    WHERE s.content_id IN (SELECT c.id FROM content AS c)
    ORDER BY s.content_id
    FOR SHARE SKIP LOCKED
)
INSERT INTO grove.embedding AS e (content_id, model, text_sha256, origin, vector, revision)
SELECT u.content_id, $5, u.text_sha256, 'computed', u.vector, s.revision
FROM unnest($1::integer[], $2::bigint[], $3::bytea[], $4::bytea[])
         AS u (content_id, revision, text_sha256, vector)
JOIN state AS s ON s.content_id = u.content_id AND s.revision = u.revision
ORDER BY u.content_id
ON CONFLICT (content_id, model) DO UPDATE
SET text_sha256 = excluded.text_sha256,
    origin = excluded.origin,
    vector = excluded.vector,
    revision = excluded.revision,
    created_at = clock_timestamp()
RETURNING e.content_id
