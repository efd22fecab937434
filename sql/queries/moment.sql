-- SPDX-License-Identifier: Apache-2.0
-- Where the database stands, before the engine is asked and again in the snapshot of the rows. A
-- sequence that was never drawn from says 1, as one that was drawn from once. The outbox is as large
-- as it is long to read, whatever is in it. A table without a page has no row, whoever looks: what a
-- snapshot shows was written before it.
--   $1 text         collection
--   $2 timestamptz  the examination that the caller has already; null: none
-- answers: bigint, bigint, timestamp, text, bigint, bigint, integer, integer, double, integer,
--          double, double, integer[], double, bigint, text, boolean,
--          integer
SELECT CASE WHEN a.is_called THEN a.last_value ELSE 0 END AS acknowledged,
       CASE WHEN r.is_called THEN r.last_value ELSE 0 END AS revision,
       x.examined_at, x.graph, x.revision, x.points, x.ef, x.ef_filtered, x.plausible,
       x.queries, x.recall, x.recall_worst,
       CASE WHEN x.examined_at IS DISTINCT FROM $2 THEN x.unreached END AS unreached,
       x.plausible_vectors,
       pg_relation_size('grove.outbox') AS outbox_bytes,
       (SELECT value FROM grove.setting WHERE name = 'model') AS model,
       pg_relation_size('grove.chunk') > 0 AS chunked,
       CASE WHEN x.depth_of = x.graph || ' ' || x.revision::text THEN x.depth ELSE 10 END AS depth
FROM grove.acknowledged_seq AS a
CROSS JOIN grove.revision_seq AS r
LEFT JOIN grove.examination AS x ON x.collection = $1
