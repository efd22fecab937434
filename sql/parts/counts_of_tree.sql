-- SPDX-License-Identifier: Apache-2.0
-- The counts m that are kept of a whole tree, and of none of its leaves.
--   $1, $2  the place (parts/of_tree.sql)
FROM grove.tree_count AS m
-- part: of_tree
