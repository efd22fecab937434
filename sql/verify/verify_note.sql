-- SPDX-License-Identifier: Apache-2.0
-- Notes how far a comparison is.
--   $1 bigint    its number
--   $2 bigint    where it goes on
--   $3 bigint    contents
--   $4 bigint    points
--   $5 bigint    contents that digests proved
--   $6 bigint[]  how many differences of each kind
--   $7 float8    seconds so far
--   $8 boolean   it is done
UPDATE grove.verification
SET next_id = $2, contents = $3, points = $4, proven = $5, kinds = $6, seconds = $7,
    noted_at = clock_timestamp(), ended_at = CASE WHEN $8 THEN clock_timestamp() END
WHERE id = $1
