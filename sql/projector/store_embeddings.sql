-- SPDX-License-Identifier: Apache-2.0
-- Keeps computed embeddings, but only of contents that are still at the revision they were read
-- at: the lock on their state makes a concurrent change wait, so that a slow projector cannot put
-- an old vector over a newer one.
--   $1 integer[]  content ids, ascending
--   $2 bigint[]   revisions they were read at
--   $3 bytea[]    SHA-256 of the embedded texts
--   $4 bytea[]    vectors
--   $5 text       model id
INSERT INTO grove.embedding (content_id, model, text_sha256, origin, vector)
SELECT n.content_id, $5, n.text_sha256, 'computed', n.vector
FROM (
    SELECT u.content_id, u.text_sha256, u.vector
    FROM unnest($1::integer[], $2::bigint[], $3::bytea[], $4::bytea[])
             AS u (content_id, revision, text_sha256, vector)
    JOIN grove.content_state AS s ON s.content_id = u.content_id AND s.revision = u.revision
    ORDER BY u.content_id
    FOR SHARE OF s
) AS n
ON CONFLICT (content_id, model) DO UPDATE
SET text_sha256 = excluded.text_sha256,
    origin = excluded.origin,
    vector = excluded.vector,
    created_at = clock_timestamp()
