-- SPDX-License-Identifier: Apache-2.0
-- The documents on a leaf, each where its first chunk is: in the order of types, then of the first
-- chunks' numbers, as an index has them.
--   $1 text       hierarchy table
--   $2 integer    leaf
--   $3 text[]     content types; null: all
--   $4 text       behind this type and number, the last of the page before; null: from the first
--   $5 integer
--   $6 integer    documents at most
-- answers: integer, text, text, text, text, integer, integer, timestamp, text
-- Id, source, key, title, type, chunks, the number of the first chunk, time of the last change, and the
-- table that it is a row of, where it is one.
WITH
-- part: attached_tables
SELECT d.id, d.source, d.key, d.title, m.content_type, d.chunk_count, m.chunk_number, d.updated_at,
       t.name
FROM public.content_metadata AS m
JOIN grove.chunk AS c ON c.content_id = m.id
JOIN grove.document AS d ON d.id = c.document_id
LEFT JOIN attached_tables AS t ON t.source = d.source
WHERE m.hierarchy_table = $1 AND m.leaf_id = $2
  AND ($3::text[] IS NULL OR m.content_type = ANY ($3))
  AND ($4::text IS NULL OR (m.content_type, m.chunk_number) > ($4, $5::integer))
  AND NOT EXISTS (SELECT
                  FROM grove.chunk AS before
                  WHERE before.document_id = c.document_id AND before.position < c.position)
ORDER BY m.content_type, m.chunk_number
LIMIT $6
