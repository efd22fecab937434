-- SPDX-License-Identifier: Apache-2.0
-- Discovery: ranked contents grouped by hierarchy table and content type, best group first.
--   $1 integer[]            content ids
--   $2 double precision[]   their scores
-- answers: text, text, bigint, double, bigint, bigint
SELECT m.hierarchy_table, m.content_type, count(*), max(ranked.score),
       count(DISTINCT l.branch), count(DISTINCT (l.branch, l.limb))
FROM unnest($1::integer[], $2::float8[]) AS ranked (id, score)
JOIN public.content_metadata AS m ON m.id = ranked.id
JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
GROUP BY m.hierarchy_table, m.content_type
ORDER BY max(ranked.score) DESC, m.hierarchy_table, m.content_type
