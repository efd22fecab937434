-- SPDX-License-Identifier: Apache-2.0
-- Navigation: how many contents of each type the leaves hold, where nothing else is asked of them:
-- from the counts that are kept, without a look at the contents.
--   $1 text         hierarchy table
--   $2 integer[]    its leaves
--   $3 text[]       content types; null: any
-- answers: text, bigint
SELECT c.content_type, sum(c.contents)::bigint
FROM grove.content_count AS c
WHERE c.hierarchy_table = $1
  AND c.leaf_id = ANY ($2)
  AND ($3::text[] IS NULL OR c.content_type = ANY ($3))
GROUP BY c.content_type
HAVING sum(c.contents) <> 0
ORDER BY 2 DESC, 1
