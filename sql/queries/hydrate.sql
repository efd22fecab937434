-- SPDX-License-Identifier: Apache-2.0
-- The rows of some contents with their places in the trees, in the order of the ids given.
--   $1 integer[]  content ids
-- answers: integer, integer, text, integer, text, text, integer, timestamp, text, text, text, text,
--          text
SELECT m.id, m.leaf_id, m.content_type, m.chunk_number, m.title, m.content_summary, m.word_count,
       m.created_at, m.hierarchy_table, l.tree, l.branch, l.limb, l.leaf
FROM unnest($1::integer[]) WITH ORDINALITY AS wanted (id, position)
JOIN public.content_metadata AS m ON m.id = wanted.id
JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
ORDER BY wanted.position
