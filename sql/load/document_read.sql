-- SPDX-License-Identifier: Apache-2.0
-- Loading a document: the one that is there.
--   $1 text   source
--   $2 text   key
--   $3 text   title
--   $4 text   URL; null: none
--   $5 text   metadata, a JSON object
--   $6 bytea  SHA-256 of its body
-- answers: integer, boolean, timestamp
-- Its id, whether all that was given is what it has, and since when it is there.
SELECT d.id,
       (d.title, d.url, d.metadata, d.body_sha256)
       IS NOT DISTINCT FROM ($3, $4, $5::jsonb, $6::bytea),
       d.created_at
FROM grove.document AS d
WHERE d.source = $1 AND d.key = $2
