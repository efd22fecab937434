-- SPDX-License-Identifier: Apache-2.0
-- How many rows the outbox has, counted up to a bound. Its table stays as large as it ever was until
-- PostgreSQL finds a quiet moment, so its size tells of many only that there may be many. Rows come and
-- go there all the time: an index would have each of them, and each dead one, looked up. A condition on
-- its places has none used.
--   $1 integer      rows at most
-- answers: bigint
SELECT count(*) FROM (SELECT FROM grove.outbox WHERE ctid >= '(0,0)' LIMIT $1) AS waiting
