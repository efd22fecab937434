-- SPDX-License-Identifier: Apache-2.0
-- The chunks of a document, in its order, each with the place that it is in.
--   $1 integer  its id
-- answers: integer, integer, text, integer, integer, integer, text, text, text, text, text
SELECT c.content_id, c.position, c.heading, c.first_character, c.characters, m.word_count,
       m.content_type, l.tree, l.branch, l.limb, l.leaf
FROM grove.chunk AS c
JOIN public.content_metadata AS m ON m.id = c.content_id
JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
WHERE c.document_id = $1
ORDER BY c.position
