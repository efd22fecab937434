-- SPDX-License-Identifier: Apache-2.0
-- The vectors of contents whose point is current, in the order of their ids, part by part.
--   $1 text       model id
--   $2 integer    ids above this
--   $3 integer    rows at most
-- answers: integer, bytea
SELECT e.content_id, e.vector
FROM grove.embedding AS e
WHERE e.content_id > $2 AND e.model = $1
  AND NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = e.content_id)
ORDER BY e.content_id
LIMIT $3
