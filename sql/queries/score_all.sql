-- SPDX-License-Identifier: Apache-2.0
-- The same (score.sql) of all contents that satisfy the predicate, in the order of their ids, part
-- by part: for answers without the vector engine.
--   $1 to $7        the predicate (parts/matches.sql)
--   $8 text         model id
--   $9 integer      ids above this one
--   $10 integer     rows at most
-- answers: integer, bytea, boolean, bigint
SELECT m.id,
       CASE WHEN p.current THEN e.vector END AS vector,
       o.content_id IS NOT NULL AS pending,
       (SELECT s.revision FROM grove.content_state AS s WHERE s.content_id = m.id) AS revision
FROM public.content_metadata AS m
-- part: comparable
WHERE m.id > $9 AND
-- part: matches
ORDER BY m.id
LIMIT $10
