-- SPDX-License-Identifier: Apache-2.0
-- Taking in: how far the filling has come.
--   $1 integer  attachment
--   $2 text     the last key; null: as it was
--   $3 bigint   rows that were read
--   $4 boolean  it is done
-- answers: bigint
UPDATE grove.attached AS a
SET filled_to = coalesce($2, a.filled_to),
    filled_rows = a.filled_rows + $3::bigint,
    filled_at = CASE WHEN $4::boolean THEN clock_timestamp() END
WHERE a.id = $1
RETURNING a.filled_rows
