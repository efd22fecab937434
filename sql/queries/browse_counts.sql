-- SPDX-License-Identifier: Apache-2.0
-- Navigation: how many contents of each type are under a path, over all pages.
--   $1 to $7        the predicate (parts/matches.sql)
-- answers: text, bigint
SELECT m.content_type, count(*)
-- part: matches
GROUP BY m.content_type
ORDER BY count(*) DESC, m.content_type
