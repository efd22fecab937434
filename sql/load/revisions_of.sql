-- SPDX-License-Identifier: Apache-2.0
-- Loading: the revisions of contents, in the order in which they are given.
--   $1 integer[]  contents
-- answers: bigint
SELECT s.revision
FROM unnest($1::integer[]) WITH ORDINALITY AS g (content_id, place)
JOIN grove.content_state AS s ON s.content_id = g.content_id
ORDER BY g.place
