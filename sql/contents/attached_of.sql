-- SPDX-License-Identifier: Apache-2.0
-- Of some contents one that a row of an attached table is, with the row's key and the table.
--   $1 integer[]  ids
-- answers: integer, text, text
WITH
-- part: attached_tables
SELECT c.content_id, d.key, t.name
FROM attached_tables AS t
JOIN grove.document AS d ON d.source = t.source
JOIN grove.chunk AS c ON c.document_id = d.id
WHERE c.content_id = ANY ($1)
ORDER BY c.content_id
LIMIT 1
