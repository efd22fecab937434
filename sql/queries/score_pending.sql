-- SPDX-License-Identifier: Apache-2.0
-- The same (score.sql) of the contents that wait in the outbox: the outbox is read, and contents
-- are looked up by id, once each.
--   $1 to $7        the predicate (parts/matches.sql)
--   $8 text         model id
--   $9 integer      rows at most
-- answers: integer, bytea, boolean, bigint
SELECT c.id, c.vector, true AS pending, o.revision
FROM grove.outbox AS o
CROSS JOIN LATERAL (
    SELECT m.id,
           CASE WHEN p.current THEN e.vector END AS vector
    FROM public.content_metadata AS m
-- part: comparable
    WHERE m.id = o.content_id AND
-- part: matches
    OFFSET 0
) AS c
WHERE NOT o.deleted
LIMIT $9
