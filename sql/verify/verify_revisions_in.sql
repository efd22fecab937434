-- SPDX-License-Identifier: Apache-2.0
-- The same as verify_revisions.sql, of a place (parts/within.sql).
--   $1 integer    the first id
--   $2 integer    at most so many
--   $3 text       hierarchy table
--   $4 integer[]  the numbers of branch, limb and leaf, as far as the path goes; null: any
-- answers: integer, bigint, boolean
SELECT s.content_id,
-- part: point_revision
-- part: waits
FROM grove.content_state AS s
JOIN public.content_metadata AS m ON m.id = s.content_id
LEFT JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
-- part: within
