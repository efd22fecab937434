-- SPDX-License-Identifier: Apache-2.0
-- Loading a document: its chunks, in their order, locked in that of their contents' keys.
--   $1 integer  document
-- answers: integer, text, text, integer, integer, integer, text, integer, text, timestamp, bytea
-- Content, title, heading, first character, characters, words, table, leaf, type, time, and the
-- SHA-256 of summary, line feed, body.
WITH locked AS MATERIALIZED (
    SELECT m.id, m.title, m.content_summary, m.word_count, m.hierarchy_table, m.leaf_id,
           m.content_type, m.created_at
    FROM public.content_metadata AS m
    WHERE m.id IN (SELECT c.content_id FROM grove.chunk AS c WHERE c.document_id = $1)
    ORDER BY m.hierarchy_table, m.leaf_id, m.content_type, m.chunk_number
    FOR UPDATE
)
SELECT l.id, l.title, c.heading, c.first_character, c.characters, l.word_count, l.hierarchy_table,
       l.leaf_id, l.content_type, l.created_at,
       sha256(convert_to(l.content_summary || E'\n' || coalesce(b.body, ''), 'UTF8'))
FROM locked AS l
JOIN grove.chunk AS c ON c.content_id = l.id
LEFT JOIN grove.body AS b ON b.content_id = l.id
ORDER BY c.position
