-- SPDX-License-Identifier: Apache-2.0
-- How many rows the outbox has, and of how many contents these are, counted up to a bound: for a
-- search that does not look for them. By their places, as in waiting_max.sql.
--   $1 integer      rows at most
-- answers: bigint, bigint
SELECT count(*), count(DISTINCT content_id)
FROM (SELECT content_id FROM grove.outbox WHERE ctid >= '(0,0)' LIMIT $1) AS waiting
