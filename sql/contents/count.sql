-- SPDX-License-Identifier: Apache-2.0
-- How many contents on some leaves satisfy a predicate, counted.
--   $1 to $7      the predicate (parts/matches.sql)
--   $8 integer[]  the leaves
-- answers: bigint
SELECT count(*)
-- part: matches
  AND m.leaf_id = ANY ($8)
