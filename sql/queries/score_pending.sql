-- SPDX-License-Identifier: Apache-2.0
-- The same (score.sql) of the contents that wait in the outbox: the outbox is read, and contents
-- are looked up by id, once each: of several rows of a content the last one counts. Whether the
-- content is there is asked of the contents. A row tells only what was so when it was put in: the
-- content may have been made anew since.
--   $1 to $8        the predicate (parts/in_place.sql)
--   $9 text         model id
--   $10 integer      rows at most
-- answers: integer, bytea, boolean, bigint
SELECT c.id, c.vector, true AS pending, c.revision
FROM grove.outbox AS waiting
CROSS JOIN LATERAL (
    SELECT m.id,
           CASE WHEN p.current THEN e.vector END AS vector,
           CASE WHEN p.current THEN NULL
                ELSE (SELECT s.revision FROM grove.content_state AS s WHERE s.content_id = m.id)
           END AS revision
    FROM public.content_metadata AS m
-- part: comparable
    WHERE m.id = waiting.content_id AND
-- part: in_place
    OFFSET 0
) AS c
WHERE NOT EXISTS (SELECT
                  FROM grove.outbox AS later
                  WHERE later.content_id = waiting.content_id
                    AND later.revision > waiting.revision
                  OFFSET 0)
LIMIT $10
