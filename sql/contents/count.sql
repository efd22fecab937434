-- SPDX-License-Identifier: Apache-2.0
-- How many contents satisfy a predicate, counted.
--   $1 to $8  the predicate (parts/matches.sql)
-- answers: bigint
SELECT count(*)
-- part: matches
