-- SPDX-License-Identifier: Apache-2.0
-- Contents m, or what is kept of them, whose leaf l is in a tree.
--   $1 text         hierarchy table
--   $2 integer[]    the numbers of branch, limb and leaf, as far as the path goes; null: a tree
WHERE m.hierarchy_table = $1
