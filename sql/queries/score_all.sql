-- SPDX-License-Identifier: Apache-2.0
-- The same (score.sql) of all contents that satisfy the filter, in the order of their ids, part
-- by part: for answers without the vector engine.
--   $1 text         hierarchy table; null: any
--   $2 integer[]    its leaves; null: any
--   $3 text[]       content types; null: any
--   $4 timestamp    created at or after; null: any
--   $5 timestamp    created before; null: any
--   $6 integer      words at least; null: any
--   $7 integer      words at most; null: any
--   $8 text         model id
--   $9 integer      ids above this one
--   $10 integer     rows at most
SELECT m.id,
       CASE WHEN p.current THEN e.vector END AS vector,
       CASE WHEN p.current THEN NULL ELSE t.text END AS text,
       o.content_id IS NOT NULL AS pending
FROM public.content_metadata AS m
LEFT JOIN grove.outbox AS o ON o.content_id = m.id
LEFT JOIN grove.embedding AS e ON e.content_id = m.id AND e.model = $8
LEFT JOIN grove.body AS b ON b.content_id = m.id
CROSS JOIN LATERAL (SELECT m.title || E'\n' || coalesce(b.body, m.content_summary) AS text) AS t
CROSS JOIN LATERAL (
    SELECT e.vector IS NOT NULL
           AND (o.content_id IS NULL OR e.text_sha256 = sha256(convert_to(t.text, 'UTF8'))) AS current
) AS p
WHERE m.id > $9
  AND ($1::text IS NULL OR m.hierarchy_table = $1)
  AND ($2::integer[] IS NULL OR m.leaf_id = ANY ($2))
  AND ($3::text[] IS NULL OR m.content_type = ANY ($3))
  AND ($4::timestamp IS NULL OR m.created_at >= $4)
  AND ($5::timestamp IS NULL OR m.created_at < $5)
  AND ($6::integer IS NULL OR m.word_count >= $6)
  AND ($7::integer IS NULL OR m.word_count <= $7)
ORDER BY m.id
LIMIT $10
