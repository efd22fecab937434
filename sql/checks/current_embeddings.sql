-- SPDX-License-Identifier: Apache-2.0
-- Check: a content outside the outbox has an embedding of its current text, of the database's model,
-- that can be compared (sql/README.md, invariant 3). Hashes every text.
--   $1 integer  rows at most
-- answers: integer, text
SELECT m.id,
       CASE WHEN e.content_id IS NULL THEN 'a content that waits for nothing has no embedding'
            WHEN grove.is_direction(e.vector)
            THEN 'a content that waits for nothing has an embedding of another text'
            ELSE 'a content that waits for nothing has a vector that cannot be compared' END
FROM public.content_metadata AS m
LEFT JOIN grove.body AS b ON b.content_id = m.id
LEFT JOIN grove.embedding AS e
       ON e.content_id = m.id
      AND e.model = (SELECT value FROM grove.setting WHERE name = 'model')
WHERE NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = m.id)
  AND (e.text_sha256 IS DISTINCT FROM
           sha256(convert_to(m.title || E'\n' || coalesce(b.body, m.content_summary), 'UTF8'))
       OR NOT grove.is_direction(e.vector))
ORDER BY m.id
LIMIT $1
