-- SPDX-License-Identifier: Apache-2.0
-- Gives dead letters another chance.
--   $1 integer[]  of these contents; null: of all
-- answers: integer
-- The contents, each once.
WITH due AS (
    UPDATE grove.outbox AS o
    SET dead_since = NULL, attempts = 0, not_before = clock_timestamp()
    WHERE o.dead_since IS NOT NULL AND ($1::integer[] IS NULL OR o.content_id = ANY ($1))
    RETURNING o.content_id
)
SELECT DISTINCT content_id FROM due ORDER BY content_id
