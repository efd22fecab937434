-- SPDX-License-Identifier: Apache-2.0
-- Taking in: leaves that were made for rows of an attached table.
--   $1 integer    attachment
--   $2 text       hierarchy table
--   $3 integer[]  leaves
-- answers: integer
INSERT INTO grove.attached_leaf AS l (attached_id, hierarchy_table, leaf_id)
SELECT $1, $2, u.id FROM unnest($3::integer[]) AS u (id)
ON CONFLICT (attached_id, hierarchy_table, leaf_id) DO NOTHING
RETURNING l.leaf_id
