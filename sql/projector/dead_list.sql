-- SPDX-License-Identifier: Apache-2.0
-- Dead letters, by content id.
--   $1 bigint   only those of higher ids
--   $2 integer  at most so many
-- answers: integer, boolean, integer, text, timestamp, text, text
-- The content, whether it was deleted, attempts, the reason, since when, type and title; texts are
-- cut, to what src/sync/dead.h has room for.
SELECT d.content_id, d.deleted, d.attempts, left(d.last_error, 250), d.dead_since, d.content_type,
       left(d.title, 120)
FROM grove.dead_letter AS d
WHERE d.content_id > $1
ORDER BY d.content_id
LIMIT $2
