-- SPDX-License-Identifier: Apache-2.0
-- The last comparison of a collection, for status.
--   $1 text  collection
-- answers: text, boolean, double, boolean, bigint, text
-- Path (null: everything), whether ids and revisions only, how many seconds ago, whether it came to
-- its end, contents, and how many differences of each kind.
SELECT v.path, v.quick,
       greatest(0, extract(epoch FROM clock_timestamp() - coalesce(v.ended_at, v.noted_at)))::float8,
       v.ended_at IS NOT NULL, v.contents, array_to_string(v.kinds, ',')
FROM grove.verification AS v
WHERE v.collection = $1
ORDER BY v.id DESC
LIMIT 1
