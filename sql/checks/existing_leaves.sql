-- SPDX-License-Identifier: Apache-2.0
-- Check: leaf_id names a leaf of hierarchy_table (sql/README.md, invariant 6).
--   $1 integer  rows at most
-- answers: integer, text
SELECT m.id, 'a content lies on a leaf that does not exist'
FROM public.content_metadata AS m
WHERE NOT EXISTS (SELECT FROM grove.leaf AS l
                  WHERE l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id)
ORDER BY m.id
LIMIT $1
