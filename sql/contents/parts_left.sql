-- SPDX-License-Identifier: Apache-2.0
-- Of some contents one that is a part of a document of which other parts are not among them.
--   $1 integer[]  ids
-- answers: integer, integer, integer, text
-- The content, which part it is, how many there are, and the document's name.
SELECT c.content_id, c.position, d.chunk_count,
       CASE WHEN d.source <> '' THEN concat(d.source, '/', d.key) ELSE d.key::text END
FROM grove.chunk AS c
JOIN grove.document AS d ON d.id = c.document_id
WHERE c.content_id = ANY ($1)
  AND EXISTS (SELECT FROM grove.chunk AS o
              WHERE o.document_id = c.document_id AND o.content_id <> ALL ($1))
ORDER BY c.content_id
LIMIT 1
