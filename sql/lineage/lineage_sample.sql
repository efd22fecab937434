-- SPDX-License-Identifier: Apache-2.0
-- Contents that the engine is to hold, and at which revision; null: that it is to hold no point of.
-- Of one that waits it may hold none, or a later one.
--   $1 integer  0: those that were acknowledged last; 1: the first and the last of all
--   $2 integer  at most
-- answers: integer, bigint, boolean
WITH wanted AS (
    SELECT u.content_id, u.revision AS seen
    FROM grove.witness AS w, unnest(w.content_ids, w.revisions) AS u (content_id, revision)
    WHERE $1 = 0
    UNION
    (SELECT s.content_id, -1 FROM grove.content_state AS s
     WHERE $1 = 1 ORDER BY s.content_id LIMIT $2 / 2)
    UNION
    (SELECT s.content_id, -1 FROM grove.content_state AS s
     WHERE $1 = 1 ORDER BY s.content_id DESC LIMIT $2 / 2)
), looked AS (
    SELECT w.content_id, w.seen,
           EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = w.content_id) AS waits
    FROM wanted AS w
)
SELECT l.content_id,
       CASE WHEN l.waits THEN l.seen
            ELSE s.revision + (SELECT value::bigint FROM grove.setting WHERE name = 'generation')
       END,
       l.waits
FROM looked AS l
LEFT JOIN grove.content_state AS s ON s.content_id = l.content_id
WHERE NOT l.waits OR l.seen > 0
ORDER BY l.content_id
LIMIT $2
