-- SPDX-License-Identifier: Apache-2.0
-- Contents that the engine is to hold, and at which revision; null: that it is to hold no point of.
--   $1 integer  0: those that were acknowledged last; 1: the first and the last of all
--   $2 integer  at most
-- answers: integer, bigint
WITH wanted AS (
    SELECT u.content_id
    FROM grove.witness AS w, unnest(w.content_ids) AS u (content_id)
    WHERE $1 = 0
    UNION
    (SELECT s.content_id FROM grove.content_state AS s WHERE $1 = 1 ORDER BY s.content_id LIMIT $2 / 2)
    UNION
    (SELECT s.content_id FROM grove.content_state AS s WHERE $1 = 1
     ORDER BY s.content_id DESC LIMIT $2 / 2)
)
SELECT w.content_id,
       s.revision + (SELECT value::bigint FROM grove.setting WHERE name = 'generation')
FROM wanted AS w
LEFT JOIN grove.content_state AS s ON s.content_id = w.content_id
WHERE NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = w.content_id)
ORDER BY w.content_id
LIMIT $2
