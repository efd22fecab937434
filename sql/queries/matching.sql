-- SPDX-License-Identifier: Apache-2.0
-- How many contents satisfy a predicate, and how many of them wait in the outbox.
--   $1 to $8  the predicate (parts/matches.sql)
-- answers: bigint, bigint
SELECT count(*),
       count(*) FILTER (WHERE EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = m.id))
-- part: matches
