-- SPDX-License-Identifier: Apache-2.0
-- The leaves under a path, ascending. No row: no such tree; a null array: the tree is there, but
-- nothing under the rest of the path.
--   $1 text  tree
--   $2 text  branch; null: any
--   $3 text  limb; null: any
--   $4 text  leaf; null: any
-- answers: text, integer[]
SELECT s.hierarchy_table,
       (SELECT array_agg(l.leaf_id ORDER BY l.leaf_id)
        FROM grove.leaf AS l
        WHERE l.tree = $1
          AND ($2::text IS NULL OR l.branch = $2)
          AND ($3::text IS NULL OR l.limb = $3)
          AND ($4::text IS NULL OR l.leaf = $4)) AS leaf_ids
FROM grove.subject AS s
WHERE s.tree = $1
