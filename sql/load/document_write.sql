-- SPDX-License-Identifier: Apache-2.0
-- Loading a document: itself.
--   $1 integer    its id; 0: it is new
--   $2 text       source
--   $3 text       key
--   $4 text       title
--   $5 text       URL; null: none
--   $6 text       metadata, a JSON object
--   $7 text       body
--   $8 bytea      its SHA-256
--   $9 integer    chunks
--   $10 timestamp created at; null: as it is, or now
-- answers: integer
-- Its id. No row: it went, or somebody made it, without the lock that loads take; try again.
WITH updated AS (
    UPDATE grove.document AS d
    SET title = $4, url = $5, metadata = $6::jsonb, body = $7, body_sha256 = $8, chunk_count = $9,
        created_at = coalesce($10, d.created_at), updated_at = LOCALTIMESTAMP
    WHERE d.id = $1
    RETURNING d.id
), inserted AS (
    INSERT INTO grove.document AS d
        (source, key, title, url, metadata, body, body_sha256, chunk_count, created_at)
    SELECT $2, $3, $4, $5, $6::jsonb, $7, $8, $9, coalesce($10, LOCALTIMESTAMP)
    WHERE $1 = 0
    ON CONFLICT (source, key) DO NOTHING
    RETURNING d.id
)
SELECT id FROM updated UNION ALL SELECT id FROM inserted
