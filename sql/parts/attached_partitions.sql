-- SPDX-License-Identifier: Apache-2.0
-- The partitions that the table of an attachment a has now; null: it is not partitioned. They are read from
-- the catalogue: pg_partition_tree would lock each, and wait for whoever has one locked.
       (SELECT CASE WHEN c.relkind = 'p'
                    THEN coalesce((WITH RECURSIVE below AS (
                                       SELECT i.inhrelid AS oid
                                       FROM pg_catalog.pg_inherits AS i
                                       WHERE i.inhparent = c.oid AND NOT i.inhdetachpending
                                       UNION ALL
                                       SELECT i.inhrelid
                                       FROM below AS b
                                       JOIN pg_catalog.pg_inherits AS i
                                           ON i.inhparent = b.oid AND NOT i.inhdetachpending)
                                   SELECT string_agg(b.oid::text, ',' ORDER BY b.oid)
                                   FROM below AS b), '') END
        FROM pg_catalog.pg_trigger AS t
        JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
        WHERE
-- part: attached_trigger
       )
