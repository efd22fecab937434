-- SPDX-License-Identifier: Apache-2.0
-- Removes contents that were given up on from the database. They are locked in the order of their
-- ids, as by remove_ids.sql.
--   $1 integer[]  content ids
--   $2 boolean    really; false: they are only looked for
-- answers: integer, boolean
-- Those of them that were given up on, and whether there is such a content: else it was deleted
-- before, and the letter is of its point.
WITH dead AS MATERIALIZED (
    SELECT d.content_id FROM grove.dead_letter AS d WHERE d.content_id = ANY ($1)
), held AS MATERIALIZED (
    SELECT m.id FROM public.content_metadata AS m
    WHERE m.id IN (SELECT content_id FROM dead)
    ORDER BY m.id
    FOR UPDATE
), removed AS (
    DELETE FROM public.content_metadata AS m USING held AS h WHERE m.id = h.id AND $2
)
SELECT d.content_id, h.id IS NOT NULL
FROM dead AS d
LEFT JOIN held AS h ON h.id = d.content_id
ORDER BY d.content_id
