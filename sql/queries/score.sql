-- SPDX-License-Identifier: Apache-2.0
-- The rows to compare in a round of a search: the engine's hits and those that wait in the outbox,
-- which exist and satisfy the predicate, each once.
-- OFFSET 0 has the outbox read first, and contents looked up by id, once each. Else a plan from the
-- time of a full outbox goes through all contents, long after the outbox has become empty.
--   $1 to $7        the predicate (parts/matches.sql)
--   $8 text         model id
--   $9 integer[]    the engine's hits
--   $10 integer     contents of the outbox at most
-- Of several rows of a content in the outbox the last one counts.
WITH waiting AS MATERIALIZED (
    SELECT o.content_id
    FROM grove.outbox AS o
    CROSS JOIN LATERAL (
        SELECT
        FROM public.content_metadata AS m
        WHERE m.id = o.content_id AND
-- part: matches
        OFFSET 0
    ) AS m
    WHERE NOT o.deleted
      AND NOT EXISTS (SELECT
                      FROM grove.outbox AS n
                      WHERE n.content_id = o.content_id AND n.revision > o.revision
                        AND NOT n.deleted
                      OFFSET 0)
    LIMIT $10
)
SELECT c.id, c.vector, c.text, c.pending, c.revision
FROM (
    SELECT unnest($9::integer[]) AS id
    UNION
    SELECT content_id FROM waiting
) AS wanted
CROSS JOIN LATERAL (
    SELECT m.id,
           CASE WHEN p.current THEN e.vector END AS vector,
           CASE WHEN p.current THEN NULL ELSE t.text END AS text,
           o.content_id IS NOT NULL AS pending,
           (SELECT s.revision FROM grove.content_state AS s WHERE s.content_id = m.id) AS revision
    FROM public.content_metadata AS m
-- part: comparable
    WHERE m.id = wanted.id AND
-- part: matches
    OFFSET 0
) AS c
