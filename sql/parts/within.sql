-- SPDX-License-Identifier: Apache-2.0
-- Contents s from an id on, of a place, by their ids.
--   $1 integer      the first id
--   $2 integer      at most so many
--   $3 text         hierarchy table; null: any
--   $4 integer[]    the numbers of branch, limb and leaf, as far as the path goes; null: any
WHERE s.content_id >= $1
  AND ($3::text IS NULL OR m.hierarchy_table = $3)
  AND ($4::integer[] IS NULL
       OR $4 = (ARRAY[l.branch_id, l.limb_id, l.leaf_id])[1:cardinality($4)])
ORDER BY s.content_id
LIMIT $2
