-- SPDX-License-Identifier: Apache-2.0
-- Loading: rows that are what their content was before it became a document (documents.md), so that
-- nothing is to be done for them.
--   $1 integer[]    contents
--   $2 text[]       titles
--   $3 bytea[]      SHA-256 of bodies, or summaries where there are none
--   $4 text[]       summaries
--   $5 text[]       summaries as they are made of these bodies
--   $6 integer[]    words
--   $7 integer[]    words that these bodies have
--   $8 timestamp[]  created at; null: as it is
-- answers: integer
SELECT c.content_id
FROM unnest($1::integer[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::integer[],
            $7::integer[], $8::timestamp[])
         AS g (content_id, title, sha256, summary, summary_made, words, words_counted, created_at)
JOIN grove.chunk AS c ON c.content_id = g.content_id AND c.position = 1
JOIN grove.document AS d ON d.id = c.document_id
WHERE d.title = g.title
  AND d.body_sha256 = g.sha256
  AND coalesce(d.metadata ->> 'summary', g.summary_made) = g.summary
  AND coalesce(d.metadata ->> 'word_count', g.words_counted::text) = g.words::text
  AND coalesce(g.created_at, d.created_at) = d.created_at
