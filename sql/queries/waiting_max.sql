-- SPDX-License-Identifier: Apache-2.0
-- How many rows the outbox has, counted up to a bound. Its table stays as large as it ever was until
-- PostgreSQL finds a quiet moment, so its size tells of many only that there may be many.
--   $1 integer      rows at most
-- answers: bigint
SELECT count(*) FROM (SELECT FROM grove.outbox LIMIT $1) AS waiting
