-- SPDX-License-Identifier: Apache-2.0
-- Ends dead letters of contents that are gone, of which the engine was seen to hold no point.
--   $1 integer[]  content ids
-- answers: integer
WITH gone AS (
    DELETE FROM grove.outbox AS o
    WHERE o.content_id = ANY ($1)
      AND o.dead_since IS NOT NULL
      AND NOT EXISTS (SELECT FROM grove.content_state AS s WHERE s.content_id = o.content_id)
    RETURNING o.content_id
)
SELECT DISTINCT content_id FROM gone ORDER BY content_id
