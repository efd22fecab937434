-- SPDX-License-Identifier: Apache-2.0
-- The counts m that are kept of the leaves of a branch.
--   $1, $2  the place (parts/of_branch.sql)
FROM grove.content_count AS m
JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
-- part: of_branch
