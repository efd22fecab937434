-- SPDX-License-Identifier: Apache-2.0
-- The same (score.sql) of all contents that satisfy the predicate, in the order of their ids, part
-- by part: for answers without the vector engine. A part's contents are found first, and looked up
-- then, once each.
--   $1 to $8        the predicate (parts/matches.sql)
--   $9 text         model id
--   $10 integer      ids above this one
--   $11 integer     rows at most
-- answers: integer, bytea, boolean, bigint
SELECT m.id, c.vector, c.pending, c.revision
FROM (
    SELECT m.id, m.title, m.content_summary
-- part: matches
      AND m.id > $10
    ORDER BY m.id
    LIMIT $11
) AS m
CROSS JOIN LATERAL (
    SELECT CASE WHEN p.current THEN e.vector END AS vector,
           o.content_id IS NOT NULL AS pending,
           CASE WHEN p.current THEN NULL
                ELSE (SELECT s.revision FROM grove.content_state AS s WHERE s.content_id = m.id)
           END AS revision
    FROM (SELECT) AS content
-- part: comparable
    OFFSET 0
) AS c
ORDER BY m.id
