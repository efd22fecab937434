-- SPDX-License-Identifier: Apache-2.0
-- Check: a chunk's text is that part of its document (sql/documents.md, invariant 2).
--   $1 integer  rows at most
-- answers: integer, text
SELECT c.content_id, 'the text of a chunk is not that part of its document'
FROM grove.chunk AS c
JOIN grove.document AS d ON d.id = c.document_id
LEFT JOIN grove.body AS b ON b.content_id = c.content_id
WHERE b.body IS DISTINCT FROM substr(d.body, c.first_character, c.characters)
ORDER BY c.content_id
LIMIT $1
