-- SPDX-License-Identifier: Apache-2.0
-- Removes contents by their ids. They are locked in the order of these, so that two who do so cannot
-- lock each other out.
--   $1 integer[]  ids
--   $2 boolean    really; false: they are only looked for
-- answers: integer, boolean
-- Each id once, and whether it was there.
WITH held AS MATERIALIZED (
    SELECT m.id FROM public.content_metadata AS m WHERE m.id = ANY ($1) ORDER BY m.id FOR UPDATE
), removed AS (
    DELETE FROM public.content_metadata AS m USING held AS h WHERE m.id = h.id AND $2
)
SELECT w.id, h.id IS NOT NULL
FROM (SELECT DISTINCT u.id FROM unnest($1::integer[]) AS u (id)) AS w
LEFT JOIN held AS h ON h.id = w.id
ORDER BY w.id
