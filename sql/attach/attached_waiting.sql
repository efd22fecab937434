-- SPDX-License-Identifier: Apache-2.0
-- What of attached tables waits to be taken in.
-- answers: bigint, text
-- Keys that were noted, of the first 100,000 changes, and tables that have other partitions than before;
-- a table of which not all rows were read yet, or null.
SELECT (SELECT coalesce(sum(coalesce(cardinality(c.keys), 1)), 0)
        FROM (SELECT w.keys FROM grove.attached_change AS w
              JOIN grove.attached AS a ON a.id = w.attached_id AND NOT a.leaving
              LIMIT 100000) AS c)::bigint
       + (SELECT count(*) FROM grove.attached AS a
          WHERE NOT a.leaving AND a.partitions <>
-- part: attached_partitions
       ),
       (SELECT a.source FROM grove.attached AS a WHERE a.filled_at IS NULL AND NOT a.leaving
        ORDER BY a.id LIMIT 1)
