-- SPDX-License-Identifier: Apache-2.0
-- What there is to examine, and what was found last.
--   $1 text       collection
-- answers: bigint, bigint, text, bigint, bigint, integer, integer, double, integer, integer,
--          double, double, double, text, boolean, double
-- Contents are the sum of the counts, as far as writers with triggers kept them.
SELECT r.last_value, c.contents,
       x.graph, x.revision, x.points, x.ef, x.ef_filtered, x.plausible::float8,
       cardinality(x.unreached), x.queries, x.recall::float8, x.recall_worst::float8,
       x.seconds::float8, x.reason,
       coalesce(x.claimed_until BETWEEN clock_timestamp()
                                    AND clock_timestamp() + interval '120 seconds', false),
       extract(epoch FROM clock_timestamp() - x.examined_at)::float8
FROM grove.revision_seq AS r
CROSS JOIN (SELECT greatest(coalesce(sum(contents), 0), 0)::bigint AS contents
            FROM grove.tree_count) AS c
LEFT JOIN grove.examination AS x ON x.collection = $1
