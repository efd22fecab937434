-- SPDX-License-Identifier: Apache-2.0
-- Takes a batch of the outbox for one projector.
--   $1 integer    rows at most
--   $2 text       who takes them
--   $3 integer    for how many milliseconds
--   $4 text       model id; where the database has changed to another there is nothing to take
-- answers: integer, bigint
-- Rows that a writer or another projector holds are skipped, so nobody waits for anybody.
WITH due AS (
    SELECT content_id
    FROM grove.outbox
    WHERE dead_since IS NULL
      AND (SELECT value FROM grove.setting WHERE name = 'model') = $4
      AND not_before <= clock_timestamp()
      AND (lease_until IS NULL OR lease_until < clock_timestamp())
    ORDER BY not_before, content_id
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
UPDATE grove.outbox AS o
SET lease_owner = $2, lease_until = clock_timestamp() + $3 * interval '1 millisecond'
FROM due
WHERE o.content_id = due.content_id
RETURNING o.content_id, o.revision
