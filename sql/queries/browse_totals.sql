-- SPDX-License-Identifier: Apache-2.0
-- Navigation: how many contents of each type are under a path, where nothing else is asked of them:
-- from the counts that are kept of trees and of leaves, without a look at the contents.
--   $1 text         hierarchy table
--   $2 integer[]    the numbers of branch, limb and leaf, as far as the path goes; null: any
--   $3 text[]       content types; null: any
-- answers: text, bigint
-- Planned for this very place, as parts/matches.sql is: one of the two is read. They are locked in this
-- order, as by TRUNCATE.
SELECT c.content_type, sum(c.contents)::bigint
FROM (
    SELECT k.content_type, k.contents
    FROM grove.content_count AS k
    LEFT JOIN grove.leaf AS l ON l.hierarchy_table = k.hierarchy_table AND l.leaf_id = k.leaf_id
    WHERE $2::integer[] IS NOT NULL AND k.hierarchy_table = $1
      AND ($2[3] IS NOT NULL OR l.branch_id = $2[1])
      AND ($2[2] IS NULL OR $2[3] IS NOT NULL OR l.limb_id = $2[2])
      AND ($2[3] IS NULL OR k.leaf_id = $2[3])
    UNION ALL
    SELECT t.content_type, t.contents
    FROM grove.tree_count AS t
    WHERE $2::integer[] IS NULL AND t.hierarchy_table = $1
) AS c
WHERE $3::text[] IS NULL OR c.content_type = ANY ($3)
GROUP BY c.content_type
HAVING sum(c.contents) <> 0
ORDER BY 2 DESC, 1
