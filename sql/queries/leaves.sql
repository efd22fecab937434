-- SPDX-License-Identifier: Apache-2.0
-- The leaves under a path, ascending. No row: no such tree; a null array: the tree is there, but
-- nothing under the rest of the path.
--   $1 text  tree
--   $2 text  branch; null: any
--   $3 text  limb; null: any
--   $4 text  leaf; null: any
-- answers: text, integer[]
SELECT s.hierarchy_table,
       CASE WHEN $2::text IS NULL THEN
           (SELECT array_agg(l.leaf_id ORDER BY l.leaf_id)
            FROM grove.leaf AS l
            WHERE l.hierarchy_table = s.hierarchy_table)
       ELSE
           (SELECT array_agg(l.leaf_id ORDER BY l.leaf_id)
            FROM grove.branch AS b
            JOIN grove.leaf AS l ON l.branch_id = b.branch_id
            WHERE b.hierarchy_table = s.hierarchy_table AND b.branch = $2
              AND ($3::text IS NULL OR l.limb = $3)
              AND ($4::text IS NULL OR l.leaf = $4))
       END AS leaf_ids
FROM grove.subject AS s
WHERE s.tree = $1
