-- SPDX-License-Identifier: Apache-2.0
-- Takes a batch of the outbox for one projector.
--   $1 integer    contents at most
--   $2, $3, $5    who takes them, for how long, and by what session (parts/leased.sql)
--   $4 text       model id; where the database has changed to another there is nothing to take
-- Nothing is leased where the engine is not known to be the projection of this history.
-- Rows that another projector holds are skipped, so nobody waits for anybody. A row may have been
-- leased since the statement began: that is seen in the row itself, not by the subquery.
-- answers: integer, bigint, bigint
WITH wanted AS MATERIALIZED (
    SELECT o.content_id
    FROM grove.outbox AS o
    WHERE o.dead_since IS NULL
      AND (SELECT value FROM grove.setting WHERE name = 'model') = $4
      AND (SELECT grove.is_settled())
      AND
-- part: due
      AND (o.lease_owner IS NULL OR NOT grove.is_leased(o.lease_until, o.lease_pid,
                                                        o.lease_session, clock_timestamp()))
      AND NOT EXISTS (
          SELECT
          FROM grove.outbox AS l
          WHERE l.content_id = o.content_id AND l.lease_owner IS NOT NULL
            AND grove.is_leased(l.lease_until, l.lease_pid, l.lease_session, clock_timestamp())
          OFFSET 0)
    ORDER BY o.not_before, o.content_id
    LIMIT $1
    FOR UPDATE OF o SKIP LOCKED
)
-- part: leased
