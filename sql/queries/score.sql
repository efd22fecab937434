-- SPDX-License-Identifier: Apache-2.0
-- What the engine's hits are compared by: of those that exist and satisfy the predicate.
-- OFFSET 0 has contents looked up by id, once each. Else a plan from the time of a full outbox goes
-- through all contents, long after the outbox has become empty.
--   $1 to $8        the predicate (parts/in_place.sql)
--   $9 text         model id
--   $10 integer[]    the engine's hits
-- The columns of all score statements: a null vector is one that cannot be compared; the text is to
-- be embedded (texts.sql). Its revision is looked up for these only: it would be a third of the work.
-- answers: integer, bytea, boolean, bigint
SELECT c.id, c.vector, c.pending, c.revision
FROM unnest($10::integer[]) AS hit (id)
CROSS JOIN LATERAL (
    SELECT m.id,
           CASE WHEN p.current THEN e.vector END AS vector,
           o.content_id IS NOT NULL AS pending,
           CASE WHEN p.current THEN NULL
                ELSE (SELECT s.revision FROM grove.content_state AS s WHERE s.content_id = m.id)
           END AS revision
    FROM public.content_metadata AS m
-- part: comparable
    WHERE m.id = hit.id AND
-- part: in_place
    OFFSET 0
) AS c
