-- SPDX-License-Identifier: Apache-2.0
-- The leaves of a place, ascending.
--   $1, $2  the place (parts/place.sql)
-- answers: integer[]
SELECT coalesce(array_agg(l.leaf_id ORDER BY l.leaf_id), '{}')
FROM grove.leaf AS l
WHERE
-- part: place
