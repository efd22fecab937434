-- SPDX-License-Identifier: Apache-2.0
-- Whether a path still names the place that it named before; and whether that has the same leaves,
-- where somebody was asked for them. They are compared as a whole.
--   $1 text       tree
--   $2 text       branch; null: any
--   $3 text       limb; null: any
--   $4 text       leaf; null: any
--   $5 text       hierarchy table
--   $6 integer[]  the numbers of branch, limb and leaf, as far as the path goes; null: it is a tree
--   $7 text       the leaves' hash (leaves.sql); null: nobody was asked for them
-- answers: boolean
SELECT EXISTS (
           SELECT
           FROM grove.subject AS s
           WHERE s.tree = $1 AND s.hierarchy_table = $5)
       AND ($6::integer[] IS NULL OR EXISTS (
           SELECT
           FROM grove.leaf AS l
           WHERE l.branch_id = $6[1] AND ($6[2] IS NULL OR l.limb_id = $6[2])
             AND ($6[3] IS NULL OR l.leaf_id = $6[3])
             AND l.hierarchy_table = $5 AND l.branch = $2
             AND ($3::text IS NULL OR l.limb = $3)
             AND ($4::text IS NULL OR l.leaf = $4)))
       AND ($7::text IS NULL OR $7 = (
           SELECT md5(coalesce(array_agg(l.leaf_id ORDER BY l.leaf_id), '{}')::text)
           FROM grove.leaf AS l
           WHERE l.hierarchy_table = $5 AND ($6 IS NULL OR l.branch_id = $6[1])
             AND ($6[2] IS NULL OR l.limb_id = $6[2])
             AND ($6[3] IS NULL OR l.leaf_id = $6[3])))
