-- SPDX-License-Identifier: Apache-2.0
-- What a path names, in numbers. No row: no such tree; a null leaf: the tree is there, but nothing
-- under the rest of the path, or nothing at all.
--   $1 text  tree
--   $2 text  branch; null: any
--   $3 text  limb; null: any
--   $4 text  leaf; null: any
-- answers: text, integer, integer, integer, boolean, boolean
-- Hierarchy table, branch, limb, a leaf, whether all points of the engine have the numbers of branch and
-- limb (0014_numbered_points.sql), and whether any content, wherever it is, is a part of a document.
SELECT s.hierarchy_table, l.branch_id, l.limb_id, l.leaf_id,
       coalesce((SELECT n.value = 'all' FROM grove.setting AS n WHERE n.name = 'numbered_points'),
                false),
       EXISTS (SELECT FROM grove.chunk)
FROM grove.subject AS s
LEFT JOIN LATERAL (
    SELECT f.branch_id, f.limb_id, f.leaf_id
    FROM grove.branch AS b
    LEFT JOIN grove.limb AS m ON m.branch_id = b.branch_id AND m.limb = $3
    JOIN grove.leaf AS f ON f.branch_id = b.branch_id
    WHERE b.hierarchy_table = s.hierarchy_table AND b.branch = $2
      AND ($3::text IS NULL OR f.limb_id = m.limb_id)
      AND ($4::text IS NULL OR f.leaf = $4)
    LIMIT 1
) AS l ON true
WHERE s.tree = $1
