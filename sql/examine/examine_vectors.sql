-- SPDX-License-Identifier: Apache-2.0
-- The vectors of some contents, and their titles.
--   $1 text       model id
--   $2 integer[]  content ids
-- answers: integer, bytea, text
SELECT e.content_id, e.vector, m.title
FROM unnest($2::integer[]) AS wanted (id)
JOIN grove.embedding AS e ON e.content_id = wanted.id AND e.model = $1
JOIN public.content_metadata AS m ON m.id = wanted.id
ORDER BY e.content_id
