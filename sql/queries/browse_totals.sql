-- SPDX-License-Identifier: Apache-2.0
-- Navigation: how many contents of each type are under a path, where nothing else is asked of them:
-- from the counts that are kept of places, without a look at the contents.
--   $1, $2          the place (parts/of_tree.sql and its like)
--   $3 text[]       content types; null: any
-- answers: text, bigint
SELECT m.content_type, sum(m.contents)::bigint
-- part: counts_of_*
  AND ($3::text[] IS NULL OR m.content_type = ANY ($3))
GROUP BY m.content_type
HAVING sum(m.contents) <> 0
ORDER BY 2 DESC, 1
