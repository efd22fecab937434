-- SPDX-License-Identifier: Apache-2.0
-- Takes the outbox rows of certain contents for one projector, whatever their time.
--   $1 integer[]  content ids
--   $2 text       who takes them
--   $3 integer    for how many milliseconds
--   $4 text       model id; where the database has changed to another there is nothing to take
-- answers: integer, bigint
-- A dead letter gets one more attempt so: it lives again, with the attempts it had.
WITH due AS (
    SELECT content_id
    FROM grove.outbox
    WHERE content_id = ANY ($1)
      AND (SELECT value FROM grove.setting WHERE name = 'model') = $4
      AND (lease_until IS NULL OR lease_until < clock_timestamp())
    ORDER BY content_id
    FOR UPDATE SKIP LOCKED
)
UPDATE grove.outbox AS o
SET lease_owner = $2, lease_until = clock_timestamp() + $3 * interval '1 millisecond',
    dead_since = NULL
FROM due
WHERE o.content_id = due.content_id
RETURNING o.content_id, o.revision
