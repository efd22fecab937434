-- SPDX-License-Identifier: Apache-2.0
-- Export: some contents with all that a load takes, in the order of the ids given.
--   $1 integer[]  content ids
-- answers: integer, text, text, text, text, text, integer, text, text, integer, timestamp, text, bytea,
--          text, text, text, text
-- A chunk stands for its document: with key, source, URL and metadata, and without what its chunks
-- have, but for the vector of one that is a single chunk.
-- The vector is one that was supplied for the text as it is, whatever the model; of several the last.
SELECT m.id, l.tree, l.branch, l.limb, l.leaf, m.content_type,
       CASE WHEN d.id IS NULL THEN m.chunk_number END,
       coalesce(d.title, m.title),
       CASE WHEN d.id IS NULL THEN m.content_summary END,
       CASE WHEN d.id IS NULL THEN m.word_count END,
       CASE WHEN d.id IS NULL THEN m.created_at ELSE d.created_at END,
       coalesce(d.body, b.body),
       (SELECT e.vector
        FROM grove.embedding AS e
        WHERE e.content_id = m.id AND e.origin = 'supplied' AND (d.id IS NULL OR d.chunk_count = 1)
          AND e.text_sha256 = sha256(convert_to(
                  m.title || E'\n' || coalesce(b.body, m.content_summary), 'UTF8'))
        ORDER BY e.revision DESC NULLS LAST
        LIMIT 1),
       d.key, d.source, d.url, d.metadata::text
FROM unnest($1::integer[]) WITH ORDINALITY AS wanted (id, position)
JOIN public.content_metadata AS m ON m.id = wanted.id
JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
LEFT JOIN grove.body AS b ON b.content_id = m.id
LEFT JOIN grove.chunk AS c ON c.content_id = m.id
LEFT JOIN grove.document AS d ON d.id = c.document_id
ORDER BY wanted.position
