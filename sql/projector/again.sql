-- SPDX-License-Identifier: Apache-2.0
-- Puts contents into the outbox again that were written late (acknowledge.sql).
--   $1 integer[]  content ids
-- Under a revision that was just drawn, as every row: a writer that is changing one of them has a
-- row of another revision, and neither waits for the other.
INSERT INTO grove.outbox (content_id, revision, deleted)
SELECT u.content_id, nextval('grove.revision_seq'), s.content_id IS NULL
FROM unnest($1::integer[]) AS u (content_id)
LEFT JOIN grove.content_state AS s ON s.content_id = u.content_id
WHERE NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = u.content_id)
ORDER BY u.content_id
