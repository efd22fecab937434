-- SPDX-License-Identifier: Apache-2.0
-- Of the contents that satisfy a predicate one that a row of an attached table is, with the row's key
-- and the table.
--   $1 to $8  the predicate (parts/in_place.sql)
-- answers: integer, text, text
WITH
-- part: attached_tables
SELECT m.id, d.key, t.name
FROM attached_tables AS t
JOIN grove.document AS d ON d.source = t.source
JOIN grove.chunk AS c ON c.document_id = d.id
JOIN public.content_metadata AS m ON m.id = c.content_id
WHERE
-- part: in_place
LIMIT 1
