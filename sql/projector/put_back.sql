-- SPDX-License-Identifier: Apache-2.0
-- Puts leased rows back for a later attempt, or into the dead letters after too many.
--   $1 integer[]  content ids
--   $2 text       who held the lease
--   $3 text       the reason
--   $4 boolean    whether the attempt counts (an unreachable server is not the row's fault)
--   $5 integer    attempts after which a row is dead
-- answers: boolean
-- Waits double from one second to five minutes; half of each is drawn by chance, so that rows
-- which failed together do not come back together. (parts/due.sql knows the longest.)
UPDATE grove.outbox AS o
SET attempts = o.attempts + CASE WHEN $4 THEN 1 ELSE 0 END,
    last_error = left($3, 500),
    lease_owner = NULL,
    lease_until = NULL,
    lease_pid = NULL,
    lease_session = NULL,
    not_before = clock_timestamp()
        + least(300, power(2, least(o.attempts, 9))) * (0.5 + random() / 2) * interval '1 second',
    dead_since = CASE WHEN $4 AND o.attempts + 1 >= $5 THEN clock_timestamp() END
FROM (
    SELECT content_id, revision
    FROM grove.outbox
    WHERE content_id = ANY ($1) AND lease_owner = $2
    ORDER BY content_id
    FOR UPDATE SKIP LOCKED
) AS mine
WHERE o.content_id = mine.content_id AND o.revision = mine.revision
RETURNING o.dead_since IS NOT NULL
