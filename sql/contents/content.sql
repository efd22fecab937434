-- SPDX-License-Identifier: Apache-2.0
-- One content as a whole.
--   $1 integer  its id
--   $2 boolean  with its body
-- answers: integer, integer, text, integer, text, text, integer, timestamp, text, text, text, text,
--          text, text, integer, timestamp, text, boolean, text
-- After the columns of hydrate.sql: the body and its bytes, when it was changed, where the vector of
-- its text is from (null: there is none), whether it waits to be projected, why it was given up on.
SELECT m.id, m.leaf_id, m.content_type, m.chunk_number, m.title, m.content_summary, m.word_count,
       m.created_at, m.hierarchy_table, l.tree, l.branch, l.limb, l.leaf,
       CASE WHEN $2::boolean THEN b.body END,
       octet_length(b.body),
       m.updated_at,
       (SELECT e.origin
        FROM grove.embedding AS e
        JOIN grove.setting AS s ON s.name = 'model' AND s.value = e.model
        WHERE e.content_id = m.id
          AND e.text_sha256 = sha256(convert_to(
                  m.title || E'\n' || coalesce(b.body, m.content_summary), 'UTF8'))),
       EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = m.id),
       (SELECT max(d.last_error) FROM grove.dead_letter AS d WHERE d.content_id = m.id)
FROM public.content_metadata AS m
JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
LEFT JOIN grove.body AS b ON b.content_id = m.id
WHERE m.id = $1
