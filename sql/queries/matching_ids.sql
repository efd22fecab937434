-- SPDX-License-Identifier: Apache-2.0
-- The ids of contents that satisfy a predicate, ascending: those behind one.
--   $1 to $7     the predicate (parts/matches.sql)
--   $8 integer   ids above this one
--   $9 integer   ids at most
-- answers: integer[]
SELECT coalesce(array_agg(u.id ORDER BY u.id), '{}')
FROM (
    SELECT m.id
-- part: matches
      AND m.id > $8
    ORDER BY m.id
    LIMIT $9
) AS u
