-- SPDX-License-Identifier: Apache-2.0
-- The leaves under a path. No row: no such tree; a row with a null leaf_id: the tree is there,
-- but nothing under the rest of the path.
--   $1 text  tree
--   $2 text  branch; null: any
--   $3 text  limb; null: any
--   $4 text  leaf; null: any
-- answers: text, integer, text, text, text
SELECT s.hierarchy_table, l.leaf_id, l.branch, l.limb, l.leaf
FROM grove.subject AS s
LEFT JOIN grove.leaf AS l
       ON l.tree = $1
      AND ($2::text IS NULL OR l.branch = $2)
      AND ($3::text IS NULL OR l.limb = $3)
      AND ($4::text IS NULL OR l.leaf = $4)
WHERE s.tree = $1
