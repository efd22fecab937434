-- SPDX-License-Identifier: Apache-2.0
-- Whether a path still leads to the leaves to which it led before. The arrays are compared as a
-- whole: looking each leaf up in the other takes seconds where there are many.
--   $1 text       tree
--   $2 text       branch; null: any
--   $3 text       limb; null: any
--   $4 text       leaf; null: any
--   $5 integer[]  the leaves, ascending
-- answers: boolean
SELECT coalesce(array_agg(l.leaf_id ORDER BY l.leaf_id), '{}') = $5::integer[]
FROM grove.subject AS s
JOIN grove.leaf AS l ON l.hierarchy_table = s.hierarchy_table
WHERE s.tree = $1
  AND ($2::text IS NULL
       OR l.branch_id = (SELECT b.branch_id
                         FROM grove.branch AS b
                         WHERE b.hierarchy_table = s.hierarchy_table AND b.branch = $2))
  AND ($3::text IS NULL OR l.limb = $3)
  AND ($4::text IS NULL OR l.leaf = $4)
