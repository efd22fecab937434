-- SPDX-License-Identifier: Apache-2.0
-- Taking in: others have locked an attached table, or what its rows become; it is tried again later.
--   $1 integer  attachment
--   $2 integer  milliseconds
-- answers: integer
UPDATE grove.attached AS a
SET retry_at = clock_timestamp() + $2::integer * interval '1 millisecond'
WHERE a.id = $1
RETURNING a.id
