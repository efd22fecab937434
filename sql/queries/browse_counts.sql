-- SPDX-License-Identifier: Apache-2.0
-- Navigation: how many contents of each type the leaves hold, over all pages.
--   $1 text         hierarchy table
--   $2 integer[]    its leaves
--   $3 to $7        what else is asked of them (parts/bounds.sql)
-- answers: text, bigint
SELECT m.content_type, count(*)
FROM public.content_metadata AS m
WHERE m.hierarchy_table = $1
  AND m.leaf_id = ANY ($2)
-- part: bounds
GROUP BY m.content_type
ORDER BY count(*) DESC, m.content_type
