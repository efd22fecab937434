-- SPDX-License-Identifier: Apache-2.0
-- How many contents satisfy a predicate, counted up to a bound: for the plan of a search by what only
-- PostgreSQL knows.
--   $1 to $8    the predicate (parts/matches.sql)
--   $9 integer  contents at most
-- answers: bigint
SELECT count(*)
FROM (
    SELECT
-- part: matches
    LIMIT $9
) AS few
