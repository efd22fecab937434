-- SPDX-License-Identifier: Apache-2.0
-- The counts m that are kept of a leaf.
--   $1, $2  the place (parts/of_leaf.sql)
FROM grove.content_count AS m
-- part: of_leaf
