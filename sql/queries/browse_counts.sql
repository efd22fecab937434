-- SPDX-License-Identifier: Apache-2.0
-- Navigation: how many contents of each type are under a path, over all pages.
--   $1, $2          the place (parts/of_tree.sql and its like)
--   $3 to $8        parts/bounds.sql
-- answers: text, bigint
SELECT m.content_type, count(*)
FROM public.content_metadata AS m
LEFT JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
-- part: of_*
-- part: bounds
GROUP BY m.content_type
ORDER BY count(*) DESC, m.content_type
