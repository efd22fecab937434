-- SPDX-License-Identifier: Apache-2.0
-- The ids of contents that satisfy a predicate, ascending: those behind one.
--   $1 to $8     the predicate (parts/matches.sql)
--   $9 integer   ids above this one
--   $10 integer   ids at most
-- answers: integer[]
SELECT coalesce(array_agg(u.id ORDER BY u.id), '{}')
FROM (
    SELECT m.id
-- part: matches
      AND m.id > $9
    ORDER BY m.id
    LIMIT $10
) AS u
