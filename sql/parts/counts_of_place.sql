-- SPDX-License-Identifier: Apache-2.0
-- The counts that are kept of a place, for statements that are planned for that very place: what is of
-- places of another depth is not even planned. Of branches and limbs, until they are counted, those of
-- their leaves. The tables come in the order that TRUNCATE locks them in.
--   $1 text         hierarchy table; null: any
--   $2 integer[]    the numbers of branch, limb and leaf, as far as the path goes; null: a tree, or all
SELECT c.content_type, c.contents
FROM grove.content_count AS c
WHERE c.hierarchy_table = $1 AND c.leaf_id = ($2::integer[])[3]
UNION ALL
SELECT c.content_type, c.contents
FROM grove.content_count AS c
JOIN grove.leaf AS l ON l.hierarchy_table = c.hierarchy_table AND l.leaf_id = c.leaf_id
WHERE $2::integer[] IS NOT NULL AND ($2::integer[])[3] IS NULL AND
-- part: place
  AND NOT
-- part: places_counted
UNION ALL
SELECT p.content_type, p.contents
FROM grove.place_count AS p
WHERE p.branch_id = ($2::integer[])[1] AND ($2::integer[])[3] IS NULL
  AND (p.limb_id = ($2::integer[])[2] OR (($2::integer[])[2] IS NULL AND p.limb_id IS NULL)) AND
-- part: places_counted
UNION ALL
SELECT t.content_type, t.contents
FROM grove.tree_count AS t
WHERE $2::integer[] IS NULL AND ($1::text IS NULL OR t.hierarchy_table = $1)
