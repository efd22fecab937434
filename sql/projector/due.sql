-- SPDX-License-Identifier: Apache-2.0
-- Whether the resident projector has something to do, whether anything waits at all, which schema the
-- database has, the one that a library must know to work with it, and the model that the database is
-- to have next, or null.
--   $1 integer  milliseconds for which a row must have been due
--   $2 integer  the parameter of numbered.sql: points that lack numbers are something to do
--   $3 integer  the parameter of backfill_take.sql: backfills that are not finished are
-- answers: boolean, boolean, integer, integer, text
-- Whoever loads rows projects them, too: those that became due just now are left to them.
SELECT EXISTS (
           SELECT
           FROM grove.outbox AS o
           WHERE o.dead_since IS NULL
             AND
-- part: due
             AND NOT o.not_before BETWEEN clock_timestamp() - $1 * interval '1 millisecond'
                                      AND clock_timestamp()
             AND (o.lease_owner IS NULL
                  OR NOT grove.is_leased(o.lease_until, o.lease_pid, o.lease_session,
                                         clock_timestamp()))
       )
       OR EXISTS (
           SELECT
           FROM grove.setting AS s
           WHERE s.name = 'numbered_points' AND s.value <> 'all'
             AND NOT s.changed_at BETWEEN clock_timestamp() - $2 * interval '1 millisecond'
                                      AND clock_timestamp()
       )
       OR EXISTS (
           SELECT FROM grove.setting AS s WHERE s.name = 'long_texts' AND s.value <> 'all'
       )
       OR EXISTS (
           SELECT
           FROM grove.ledger AS l
           WHERE l.kind = 'backfill' AND l.applied_at IS NOT NULL AND l.filled_at IS NULL
             AND l.version <= $3
       )
       OR EXISTS (
           SELECT
           FROM grove.attached AS a
           WHERE
-- part: attached_ready
             AND (a.filled_at IS NULL
                  OR EXISTS (SELECT FROM grove.attached_change AS c WHERE c.attached_id = a.id)
                  OR a.partitions <>
-- part: attached_partitions
                 )
       ),
       EXISTS (SELECT FROM grove.outbox WHERE dead_since IS NULL),
       v.version, v.compatible_from,
       (SELECT n.value
        FROM grove.setting AS n
        JOIN grove.setting AS m ON m.name = 'model' AND m.value <> n.value
        WHERE n.name = 'next_model')
FROM grove.schema_version AS v
