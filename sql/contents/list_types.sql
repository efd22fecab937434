-- SPDX-License-Identifier: Apache-2.0
-- How many contents of each type there are in a place, by the counts that are kept.
--   $1 to $3  the place, and the types (list_places.sql)
-- answers: text, bigint
SELECT k.content_type, sum(k.contents)::bigint
FROM grove.content_count AS k
JOIN grove.leaf AS l ON l.hierarchy_table = k.hierarchy_table AND l.leaf_id = k.leaf_id
WHERE ($1::text IS NULL OR l.hierarchy_table = $1)
-- part: numbers
  AND ($3::text[] IS NULL OR k.content_type = ANY ($3))
GROUP BY k.content_type
HAVING sum(k.contents) <> 0
ORDER BY 2 DESC, 1
