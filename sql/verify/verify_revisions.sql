-- SPDX-License-Identifier: Apache-2.0
-- Contents from an id on, with the revisions that their points are to have, and whether they wait:
-- null: no; else whether they were given up on.
--   $1 integer  the first id
--   $2 integer  at most so many
-- answers: integer, bigint, boolean
SELECT s.content_id,
-- part: point_revision
-- part: waits
FROM grove.content_state AS s
WHERE s.content_id >= $1
ORDER BY s.content_id
LIMIT $2
