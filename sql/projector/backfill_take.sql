-- SPDX-License-Identifier: Apache-2.0
-- The backfill to go on with, locked until its chunk is committed.
--   $1 integer  the newest migration that the caller knows
-- answers: bigint, integer, bigint
-- How many there are that are not finished; of the first that nobody else is at: its migration, and
-- how far it has come.
WITH mine AS MATERIALIZED (
    SELECT l.version, l.filled_to
    FROM grove.ledger AS l
    WHERE l.kind = 'backfill' AND l.applied_at IS NOT NULL AND l.filled_at IS NULL
      AND l.version <= $1
    ORDER BY l.version
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
SELECT (SELECT count(*) FROM grove.ledger AS l
        WHERE l.kind = 'backfill' AND l.applied_at IS NOT NULL AND l.filled_at IS NULL
          AND l.version <= $1),
       (SELECT m.version FROM mine AS m),
       (SELECT m.filled_to FROM mine AS m)
