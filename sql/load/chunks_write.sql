-- SPDX-License-Identifier: Apache-2.0
-- Loading a document: which contents are its chunks, in their order.
--   $1 integer    document
--   $2 integer[]  contents
--   $3 text[]     headings
--   $4 integer[]  first characters
--   $5 integer[]  characters
-- answers: integer
-- Those that were not as they are to be.
INSERT INTO grove.chunk AS c
    (content_id, document_id, position, heading, first_character, characters)
SELECT g.content_id, $1, g.position, g.heading, g.first_character, g.characters
FROM unnest($2::integer[], $3::text[], $4::integer[], $5::integer[]) WITH ORDINALITY
         AS g (content_id, heading, first_character, characters, position)
ON CONFLICT (content_id) DO UPDATE
SET document_id = excluded.document_id, position = excluded.position, heading = excluded.heading,
    first_character = excluded.first_character, characters = excluded.characters
WHERE (c.document_id, c.position, c.heading, c.first_character, c.characters)
      IS DISTINCT FROM (excluded.document_id, excluded.position, excluded.heading,
                        excluded.first_character, excluded.characters)
RETURNING c.content_id
