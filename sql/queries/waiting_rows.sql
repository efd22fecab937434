-- SPDX-License-Identifier: Apache-2.0
-- Which contents wait, and under which revisions: rows of the outbox, in no order. There may be
-- several of a content, of which the last one counts. As arrays: a row each would take twice as long;
-- and by their places, as in waiting_max.sql.
--   $1 integer      rows at most
-- answers: integer[], bigint[]
SELECT array_agg(content_id), array_agg(revision)
FROM (SELECT content_id, revision FROM grove.outbox WHERE ctid >= '(0,0)' LIMIT $1) AS waiting
