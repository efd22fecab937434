-- SPDX-License-Identifier: Apache-2.0
-- Check: what the constraints of the outbox say, wherever they are (sql/README.md, invariant 10).
--   $1 integer  rows at most
-- answers: integer, text
SELECT broken.content_id, broken.rule
FROM (
    SELECT o.content_id,
           CASE WHEN o.revision <= 0 THEN 'a row''s revision was never drawn'
                WHEN o.attempts < 0 THEN 'a row was attempted less than never'
                WHEN (o.lease_owner IS NULL) <> (o.lease_until IS NULL)
                    THEN 'a row has half a lease'
                WHEN o.dead_since IS NOT NULL AND o.lease_owner IS NOT NULL
                    THEN 'a dead row is leased'
                WHEN o.dead_since IS NOT NULL AND o.last_error IS NULL
                    THEN 'a dead row has no reason' END AS rule
    FROM grove.outbox AS o
) AS broken
WHERE broken.rule IS NOT NULL
ORDER BY broken.content_id
LIMIT $1
