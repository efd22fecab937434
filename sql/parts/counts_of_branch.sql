-- SPDX-License-Identifier: Apache-2.0
-- The counts m that are kept of a branch; of its leaves, until branches are counted.
--   $1, $2  the place (parts/of_branch.sql)
FROM (SELECT m.content_type, m.contents
      FROM grove.content_count AS m
      JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
-- part: of_branch
        AND NOT
-- part: places_counted
      UNION ALL
      SELECT p.content_type, p.contents
      FROM grove.place_count AS p
      WHERE p.branch_id = ($2::integer[])[1] AND p.limb_id IS NULL AND
-- part: places_counted
     ) AS m
WHERE true
