-- SPDX-License-Identifier: Apache-2.0
-- Navigation: how many contents of each type are under a path, where nothing else is asked of them:
-- from the counts that are kept, without a look at the contents.
--   $1 text         hierarchy table
--   $2 integer[]    the numbers of branch, limb and leaf, as far as the path goes; null: any
--   $3 text[]       content types; null: any
-- answers: text, bigint
-- Leaves are joined as in parts/matches.sql.
SELECT c.content_type, sum(c.contents)::bigint
FROM grove.content_count AS c
LEFT JOIN grove.leaf AS l ON l.hierarchy_table = c.hierarchy_table AND l.leaf_id = c.leaf_id
WHERE c.hierarchy_table = $1
  AND ($2::integer[] IS NULL OR $2[3] IS NOT NULL OR l.branch_id = $2[1])
  AND ($2[2] IS NULL OR $2[3] IS NOT NULL OR l.limb_id = $2[2])
  AND ($2[3] IS NULL OR c.leaf_id = $2[3])
  AND ($3::text[] IS NULL OR c.content_type = ANY ($3))
GROUP BY c.content_type
HAVING sum(c.contents) <> 0
ORDER BY 2 DESC, 1
