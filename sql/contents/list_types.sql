-- SPDX-License-Identifier: Apache-2.0
-- How many contents of each type there are in a place, by the counts that are kept.
--   $1 to $3  the place, and the types (list_places.sql)
-- answers: text, bigint
SELECT k.content_type, sum(k.contents)::bigint
FROM (
-- part: counts_of_place
) AS k
WHERE $3::text[] IS NULL OR k.content_type = ANY ($3)
GROUP BY k.content_type
HAVING sum(k.contents) <> 0
ORDER BY 2 DESC, 1
