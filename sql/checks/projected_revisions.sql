-- SPDX-License-Identifier: Apache-2.0
-- Check: contents that wait for nothing, with the revision that their points in the vector engine
-- should have (sql/README.md, invariant 2), in the order of their ids.
--   $1 integer  ids above this one
--   $2 integer  rows at most
-- answers: integer, bigint
SELECT s.content_id,
       s.revision + (SELECT value::bigint FROM grove.setting WHERE name = 'generation')
FROM grove.content_state AS s
WHERE s.content_id > $1
  AND NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = s.content_id)
ORDER BY s.content_id
LIMIT $2
