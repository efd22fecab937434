-- SPDX-License-Identifier: Apache-2.0
-- Loading: gives contents their bodies, or takes them away, where that changes something.
--   $1 integer[]  content ids
--   $2 text[]     bodies; null: none
-- answers: integer
-- The contents that were changed.
WITH given AS (
    SELECT * FROM unnest($1::integer[], $2::text[]) AS g (content_id, body)
), removed AS (
    DELETE FROM grove.body AS b
    USING given AS g
    WHERE b.content_id = g.content_id AND g.body IS NULL
    RETURNING b.content_id
), written AS (
    INSERT INTO grove.body AS b (content_id, body)
    SELECT content_id, body FROM given WHERE body IS NOT NULL ORDER BY content_id
    ON CONFLICT (content_id) DO UPDATE SET body = excluded.body
    WHERE b.body IS DISTINCT FROM excluded.body
    RETURNING b.content_id
)
SELECT content_id FROM removed UNION ALL SELECT content_id FROM written
