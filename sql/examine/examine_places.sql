-- SPDX-License-Identifier: Apache-2.0
-- Places that many contents are in, of each kind those with the fewest: whole trees, content types,
-- branches with a row for each of their leaves.
--   $1 bigint     contents at least
--   $2 integer    places of each kind at most
-- answers: text, text, integer
-- A branch's rows have the same text in the first column, and no other's.
(SELECT 'tree' AS kind, hierarchy_table::text AS name, NULL::integer AS leaf
 FROM grove.content_count GROUP BY hierarchy_table
 HAVING sum(contents) > $1 ORDER BY sum(contents), hierarchy_table LIMIT $2)
UNION ALL
(SELECT 'type', content_type::text, NULL
 FROM grove.content_count GROUP BY content_type
 HAVING sum(contents) > $1 ORDER BY sum(contents), content_type LIMIT $2)
UNION ALL
(SELECT 'branch ' || wide.number, wide.hierarchy_table::text, l.leaf_id
 FROM (SELECT c.hierarchy_table, b.branch,
              row_number() OVER (ORDER BY sum(c.contents), c.hierarchy_table, b.branch) AS number
       FROM grove.content_count AS c
       JOIN grove.leaf AS b ON b.hierarchy_table = c.hierarchy_table AND b.leaf_id = c.leaf_id
       GROUP BY c.hierarchy_table, b.branch
       HAVING sum(c.contents) > $1) AS wide
 JOIN grove.leaf AS l ON l.hierarchy_table = wide.hierarchy_table AND l.branch = wide.branch
 WHERE wide.number <= $2
 ORDER BY wide.number, l.leaf_id)
