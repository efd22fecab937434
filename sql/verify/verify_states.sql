-- SPDX-License-Identifier: Apache-2.0
-- Gives states to contents that have none; they wait from then on.
--   $1 integer[]  content ids
-- Nobody knows at which revision their texts changed last: vectors that are there count as of other texts,
-- until they are read.
SELECT grove.note_changed_meanwhile(array_agg(m.id))
FROM public.content_metadata AS m
WHERE m.id = ANY ($1)
  AND NOT EXISTS (SELECT FROM grove.content_state AS s WHERE s.content_id = m.id)
HAVING count(*) > 0
