-- SPDX-License-Identifier: Apache-2.0
-- How many contents are likely to satisfy a predicate, by PostgreSQL's own statistics: for the plan of a
-- search. Nothing is counted, and nothing read but the statistics.
--   $1 to $8  the predicate (parts/matches.sql)
-- answers: text
EXPLAIN (FORMAT JSON)
SELECT
-- part: matches
