-- SPDX-License-Identifier: Apache-2.0
-- How much is left to project: contents alive, contents dead, and seconds until the first of the
-- alive is due (null: none; 0: now).
-- answers: bigint, bigint, double
WITH waiting AS (
    SELECT bool_and(o.dead_since IS NOT NULL) AS dead,
           min(CASE WHEN o.lease_owner IS NOT NULL
                     AND grove.is_leased(o.lease_until, o.lease_pid, o.lease_session,
                                         clock_timestamp())
                    THEN o.lease_until
                    WHEN
-- part: due
                    THEN clock_timestamp()
                    ELSE o.not_before END) FILTER (WHERE o.dead_since IS NULL) AS due
    FROM grove.outbox AS o
    GROUP BY o.content_id
)
SELECT count(*) FILTER (WHERE NOT dead),
       count(*) FILTER (WHERE dead),
       greatest(0, extract(epoch FROM min(due) - clock_timestamp()))::float8
FROM waiting
