-- SPDX-License-Identifier: Apache-2.0
-- Of which documents contents are which parts, in the order of the ids given; of no document: nulls.
--   $1 integer[]  contents
--   $2 integer    chunks before and after whose text is wanted as well; 0: no text is
-- answers: integer, text, text, text, text, text, integer, integer, text, text
-- Last the table that the document is a row of, where it is one.
WITH
-- part: attached_tables
SELECT p.id, p.source, p.key, p.title, p.url, p.heading, p.position, p.chunk_count, p.body, t.name
FROM unnest($1::integer[]) WITH ORDINALITY AS wanted (id, position)
LEFT JOIN LATERAL (
    SELECT d.id, d.source, d.key, d.title, d.url, c.heading, c.position, d.chunk_count,
           CASE WHEN $2::integer > 0
                THEN (SELECT substr(d.body, min(n.first_character),
                                    max(n.first_character + n.characters) - min(n.first_character))
                      FROM grove.chunk AS n
                      WHERE n.document_id = d.id
                        AND n.position BETWEEN c.position - $2 AND c.position + $2)
           END AS body
    FROM grove.chunk AS c
    JOIN grove.document AS d ON d.id = c.document_id
    WHERE c.content_id = wanted.id
    OFFSET 0
) AS p ON true
LEFT JOIN attached_tables AS t ON t.source = p.source
ORDER BY wanted.position
