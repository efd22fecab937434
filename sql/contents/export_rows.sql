-- SPDX-License-Identifier: Apache-2.0
-- Export: some contents with all that a load takes, in the order of the ids given.
--   $1 integer[]  content ids
-- answers: integer, text, text, text, text, text, integer, text, text, integer, timestamp, text, bytea
-- The vector is one that was supplied for the text as it is, whatever the model; of several the last.
SELECT m.id, l.tree, l.branch, l.limb, l.leaf, m.content_type, m.chunk_number, m.title,
       m.content_summary, m.word_count, m.created_at, b.body,
       (SELECT e.vector
        FROM grove.embedding AS e
        WHERE e.content_id = m.id AND e.origin = 'supplied'
          AND e.text_sha256 = sha256(convert_to(
                  m.title || E'\n' || coalesce(b.body, m.content_summary), 'UTF8'))
        ORDER BY e.revision DESC NULLS LAST
        LIMIT 1)
FROM unnest($1::integer[]) WITH ORDINALITY AS wanted (id, position)
JOIN public.content_metadata AS m ON m.id = wanted.id
JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
LEFT JOIN grove.body AS b ON b.content_id = m.id
ORDER BY wanted.position
