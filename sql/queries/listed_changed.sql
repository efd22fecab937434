-- SPDX-License-Identifier: Apache-2.0
-- Which of some contents are no longer at the revision that they were at.
--   $1 integer[]  content ids
--   $2 bigint[]   their revisions
-- answers: integer
SELECT l.id
FROM unnest($1::integer[], $2::bigint[]) AS l (id, revision)
LEFT JOIN grove.content_state AS s ON s.content_id = l.id
WHERE s.revision IS DISTINCT FROM l.revision
ORDER BY l.id
