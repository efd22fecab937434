-- SPDX-License-Identifier: Apache-2.0
-- Places that many contents are in, of each kind those with the fewest: whole trees, content types,
-- branches.
--   $1 bigint     contents at least
--   $2 integer    places of each kind at most
-- answers: text, text, integer
-- The kind and the name of a place, or the number of a branch.
(SELECT 'tree' AS kind, hierarchy_table::text AS name, NULL::integer AS number
 FROM grove.content_count GROUP BY hierarchy_table
 HAVING sum(contents) > $1 ORDER BY sum(contents), hierarchy_table LIMIT $2)
UNION ALL
(SELECT 'type', content_type::text, NULL
 FROM grove.content_count GROUP BY content_type
 HAVING sum(contents) > $1 ORDER BY sum(contents), content_type LIMIT $2)
UNION ALL
(SELECT 'branch', NULL, l.branch_id
 FROM grove.content_count AS c
 JOIN grove.leaf AS l ON l.hierarchy_table = c.hierarchy_table AND l.leaf_id = c.leaf_id
 GROUP BY l.branch_id
 HAVING sum(c.contents) > $1 ORDER BY sum(c.contents), l.branch_id LIMIT $2)
