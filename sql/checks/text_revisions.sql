-- SPDX-License-Identifier: Apache-2.0
-- Check: an embedding at a revision since which its content's text has not changed is one of that
-- text (sql/README.md, invariant 11). Hashes every text.
--   $1 integer  rows at most
-- answers: integer, text
SELECT m.id, 'an embedding is of another text than its revision says'
FROM public.content_metadata AS m
JOIN grove.content_state AS s ON s.content_id = m.id
JOIN grove.embedding AS e ON e.content_id = m.id AND e.revision >= s.text_revision
LEFT JOIN grove.body AS b ON b.content_id = m.id
WHERE e.text_sha256 <>
      sha256(convert_to(m.title || E'\n' || coalesce(b.body, m.content_summary), 'UTF8'))
ORDER BY m.id
LIMIT $1
