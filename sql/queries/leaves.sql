-- SPDX-License-Identifier: Apache-2.0
-- The leaves of a place, ascending, and a hash of them (same_leaves.sql).
--   $1, $2  the place (parts/place.sql)
-- answers: integer[], text
SELECT p.leaves, md5(p.leaves::text)
FROM (SELECT coalesce(array_agg(l.leaf_id ORDER BY l.leaf_id), '{}') AS leaves
      FROM grove.leaf AS l
      WHERE
-- part: place
     ) AS p
