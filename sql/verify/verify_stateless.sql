-- SPDX-License-Identifier: Apache-2.0
-- Contents that have no state: no trigger fired when they came, or somebody took their states.
--   $1 bigint   the first id
--   $2 integer  at most so many
-- answers: integer
SELECT m.id
FROM public.content_metadata AS m
WHERE m.id >= $1
  AND NOT EXISTS (SELECT FROM grove.content_state AS s WHERE s.content_id = m.id)
ORDER BY m.id
LIMIT $2
