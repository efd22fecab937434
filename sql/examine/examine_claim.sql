-- SPDX-License-Identifier: Apache-2.0
-- Takes the examination of a collection, or keeps it. One row where it was taken.
--   $1 text       collection
--   $2 integer    for how many milliseconds
--   $3 boolean    it is ours already: taken again without looking
-- answers: integer
-- A claim that ends later than one can end is of before the clock was set back.
-- What was found before stays as it is. A collection without a row gets one that says nothing.
INSERT INTO grove.examination AS x (collection, graph, revision, points, ef, ef_filtered, plausible,
                                    unreached, queries, recall, recall_worst, seconds, reason,
                                    claimed_until)
VALUES ($1, '', 0, 0, 0, 0, 0, '{}', 0, 0, 0, 0, 'not examined yet',
        clock_timestamp() + $2 * interval '1 millisecond')
ON CONFLICT (collection) DO UPDATE SET claimed_until = excluded.claimed_until
WHERE $3 OR x.claimed_until IS NULL
   OR NOT x.claimed_until BETWEEN clock_timestamp() AND clock_timestamp() + interval '120 seconds'
RETURNING 1
