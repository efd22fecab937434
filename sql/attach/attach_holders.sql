-- SPDX-License-Identifier: Apache-2.0
-- Attaching: who has had a table locked longest.
--   $1 bigint  the table
-- answers: text
-- Of other roles' sessions PostgreSQL shows no more than that they are there. Partitions are read from the
-- catalogue: pg_partition_tree would wait for the very lock.
SELECT format('process %s (%s), %s', a.pid,
              coalesce(nullif(a.application_name, ''), a.backend_type, 'a program'),
              coalesce(a.state || ': ' || left(btrim(regexp_replace(a.query, '\s+', ' ', 'g')), 120),
                       'what it does this role may not see'))
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.granted AND l.pid <> pg_backend_pid() AND l.locktype = 'relation'
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                    WHERE d.datname = current_database())
  AND l.relation IN (WITH RECURSIVE below AS (
                         SELECT $1::bigint::oid AS oid
                         UNION ALL
                         SELECT i.inhrelid
                         FROM below AS b
                         JOIN pg_catalog.pg_inherits AS i ON i.inhparent = b.oid)
                     SELECT b.oid FROM below AS b)
ORDER BY a.xact_start NULLS LAST, a.pid
LIMIT 1
