-- SPDX-License-Identifier: Apache-2.0
-- Contents m, or what is kept of them, whose leaf l is in a limb.
--   $1 text         hierarchy table
--   $2 integer[]    the numbers of branch, limb and leaf, as far as the path goes; null: a tree
WHERE m.hierarchy_table = $1 AND l.branch_id = ($2::integer[])[1]
  AND l.limb_id = ($2::integer[])[2]
