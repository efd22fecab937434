-- SPDX-License-Identifier: Apache-2.0
-- How many contents satisfy a predicate, and how many of them wait in the outbox.
--   $1 to $7  the predicate (parts/matches.sql)
-- answers: bigint, bigint
SELECT count(*), count(o.content_id)
FROM public.content_metadata AS m
LEFT JOIN grove.outbox AS o ON o.content_id = m.id
WHERE
-- part: matches
