-- SPDX-License-Identifier: Apache-2.0
-- Writes what was found, all of it at once, in place of what was found before.
--   $1 text       collection
--   $2 text       graph
--   $3 bigint     revision
--   $4 bigint     points
--   $5 integer    ef
--   $6 integer    ef under a filter
--   $7 float8     plausible
--   $8 integer[]  unreached
--   $9 integer    queries
--   $10 float8    recall
--   $11 float8    the worst recall
--   $12 float8    seconds
--   $13 text      reason; null: none
--   $14 float8    plausible, for vectors that are no text's
--   $15 integer   depth
INSERT INTO grove.examination (collection, graph, revision, points, ef, ef_filtered, plausible,
                               unreached, queries, recall, recall_worst, seconds, reason,
                               plausible_vectors, depth, depth_of)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
        $2::text || ' ' || $3::bigint::text)
ON CONFLICT (collection) DO UPDATE
SET graph = excluded.graph, revision = excluded.revision, points = excluded.points,
    ef = excluded.ef, ef_filtered = excluded.ef_filtered, plausible = excluded.plausible,
    unreached = excluded.unreached, queries = excluded.queries, recall = excluded.recall,
    recall_worst = excluded.recall_worst, seconds = excluded.seconds, reason = excluded.reason,
    plausible_vectors = excluded.plausible_vectors, depth = excluded.depth,
    depth_of = excluded.depth_of,
    examined_at = clock_timestamp(), claimed_until = NULL
