-- SPDX-License-Identifier: Apache-2.0
-- Whether a leaf l has the numbers that a path leads to.
--   $2 integer[]  the numbers of branch, limb and leaf, as far as the path goes; null: any
  AND ($2::integer[] IS NULL OR l.branch_id = $2[1])
  AND ($2[2] IS NULL OR l.limb_id = $2[2])
  AND ($2[3] IS NULL OR l.leaf_id = $2[3])
