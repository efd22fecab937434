-- SPDX-License-Identifier: Apache-2.0
-- Notes how far a backfill has come, in the transaction that fills the chunk.
--   $1 integer  its migration
--   $2 bigint   up to there it is filled; null: nothing is left
UPDATE grove.ledger AS l
SET filled_to = coalesce($2, l.filled_to),
    filled_at = CASE WHEN $2::bigint IS NULL THEN clock_timestamp() END
WHERE l.version = $1
