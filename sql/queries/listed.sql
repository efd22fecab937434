-- SPDX-License-Identifier: Apache-2.0
-- Of some contents those that wait for nothing, with what they are compared by.
--   $1 text       model id
--   $2 integer[]  content ids
-- answers: integer, bigint, bytea
SELECT l.id, s.revision, e.vector
FROM unnest($2::integer[]) AS l (id)
JOIN grove.content_state AS s ON s.content_id = l.id
JOIN grove.embedding AS e ON e.content_id = l.id AND e.model = $1
WHERE NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = l.id)
ORDER BY l.id
