-- SPDX-License-Identifier: Apache-2.0
-- Moves contents to a leaf by their ids. Their texts and vectors stay as they are.
--   $1 integer[]  ids
--   $2 text       hierarchy table
--   $3 integer    the leaf, which is held
-- answers: integer, boolean
-- Each id once, and whether it was there.
WITH held AS MATERIALIZED (
    SELECT m.id FROM public.content_metadata AS m WHERE m.id = ANY ($1) ORDER BY m.id FOR UPDATE
), moved AS (
    UPDATE public.content_metadata AS m
    SET hierarchy_table = $2, leaf_id = $3
    FROM held AS h
    WHERE m.id = h.id AND (m.hierarchy_table, m.leaf_id) <> ($2, $3)
)
SELECT w.id, h.id IS NOT NULL
FROM (SELECT DISTINCT u.id FROM unnest($1::integer[]) AS u (id)) AS w
LEFT JOIN held AS h ON h.id = w.id
ORDER BY w.id
