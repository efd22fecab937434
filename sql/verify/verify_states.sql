-- SPDX-License-Identifier: Apache-2.0
-- Gives states to contents that have none; they wait from then on. One that somebody deletes just now
-- needs none.
--   $1 integer[]  content ids
-- Nobody knows at which revision their texts changed last: vectors that are there count as of other texts,
-- until they are read.
SELECT
FROM (
    SELECT grove.note_changed(array_agg(u.id)) AS noted
    FROM (
        SELECT m.id
        FROM public.content_metadata AS m
        WHERE m.id = ANY ($1)
          AND NOT EXISTS (SELECT FROM grove.content_state AS s WHERE s.content_id = m.id)
        ORDER BY m.id
        FOR KEY SHARE SKIP LOCKED
    ) AS u
    HAVING count(*) > 0
) AS n
