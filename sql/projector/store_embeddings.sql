-- SPDX-License-Identifier: Apache-2.0
-- Keeps computed embeddings, but only of contents that are still at the revision they were read at,
-- and never over one of a later revision, or over a supplied one: a slow projector cannot put an old
-- vector over a newer one, though nothing is locked that a writer could want.
--   $1 integer[]  content ids, ascending
--   $2 bigint[]   revisions they were read at
--   $3 bytea[]    SHA-256 of the embedded texts
--   $4 bytea[]    vectors
--   $5 text       model id
--   $6 integer[]  those of the contents whose text is longer than the model reads: it is noted
-- The contents whose embeddings were kept.
-- answers: integer
WITH stored AS (
    INSERT INTO grove.embedding AS e (content_id, model, text_sha256, origin, vector, revision)
    SELECT u.content_id, $5, u.text_sha256, 'computed', u.vector, u.revision
    FROM unnest($1::integer[], $2::bigint[], $3::bytea[], $4::bytea[])
             AS u (content_id, revision, text_sha256, vector)
    JOIN grove.content_state AS s ON s.content_id = u.content_id AND s.revision = u.revision
    ORDER BY u.content_id
    ON CONFLICT (content_id, model) DO UPDATE
    SET text_sha256 = excluded.text_sha256,
        origin = excluded.origin,
        vector = excluded.vector,
        revision = excluded.revision,
        created_at = clock_timestamp()
    WHERE e.revision IS NULL
       OR e.revision < excluded.revision
       OR (e.revision = excluded.revision AND e.origin <> 'supplied')
    RETURNING e.content_id, e.text_sha256
), forgotten AS (
    DELETE FROM grove.long_text AS l USING stored AS s
    WHERE l.content_id = s.content_id AND s.content_id <> ALL ($6::integer[])
), noted AS (
    INSERT INTO grove.long_text AS l (content_id, text_sha256)
    SELECT s.content_id, s.text_sha256 FROM stored AS s WHERE s.content_id = ANY ($6)
    ORDER BY s.content_id
    ON CONFLICT (content_id) DO UPDATE SET text_sha256 = excluded.text_sha256
    WHERE l.text_sha256 <> excluded.text_sha256
)
SELECT content_id FROM stored
