-- SPDX-License-Identifier: Apache-2.0
-- The same (score_pending.sql) where few contents are in the predicate's place and many wait: these
-- contents are read, and looked up in the outbox, where there may be several rows of one.
--   $1 to $8        the predicate (parts/place.sql, parts/bounds.sql), with a path
--   $9 text         model id
--   $10 integer      rows at most
-- answers: integer, bytea, boolean, bigint
SELECT m.id, c.vector, true AS pending, c.revision
FROM grove.leaf AS l
JOIN public.content_metadata AS m
  ON m.hierarchy_table = l.hierarchy_table AND m.leaf_id = l.leaf_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN p.current THEN e.vector END AS vector,
           CASE WHEN p.current THEN NULL
                ELSE (SELECT s.revision FROM grove.content_state AS s WHERE s.content_id = m.id)
           END AS revision
    FROM (
        SELECT FROM grove.outbox AS w WHERE w.content_id = m.id LIMIT 1
    ) AS waiting
-- part: comparable
    OFFSET 0
) AS c
WHERE
-- part: place
-- part: bounds
LIMIT $10
