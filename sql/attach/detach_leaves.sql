-- SPDX-License-Identifier: Apache-2.0
-- Detaching: statements that delete leaves which were made for it and have nothing on them.
--   $1 integer  attachment
-- answers: text
SELECT format('DELETE FROM public.%I WHERE id = %s', l.hierarchy_table, l.leaf_id)
FROM grove.attached_leaf AS l
JOIN grove.leaf AS f ON f.hierarchy_table = l.hierarchy_table AND f.leaf_id = l.leaf_id
WHERE l.attached_id = $1
  AND NOT EXISTS (SELECT FROM public.content_metadata AS m
                  WHERE m.hierarchy_table = l.hierarchy_table AND m.leaf_id = l.leaf_id)
ORDER BY l.hierarchy_table, l.leaf_id
