-- SPDX-License-Identifier: Apache-2.0
-- The last comparison of this kind, where it was broken off.
--   $1 text     collection
--   $2 text     path; null: everything
--   $3 boolean  ids and revisions only
-- answers: bigint, bigint, bigint, bigint, bigint, text, double
-- Its number, where it goes on, contents, points, what digests proved, how many differences of each
-- kind (with commas between), and the seconds that it took so far.
SELECT v.id, v.next_id, v.contents, v.points, v.proven, array_to_string(v.kinds, ','), v.seconds
FROM grove.verification AS v
WHERE v.id = (SELECT max(n.id) FROM grove.verification AS n
              WHERE n.collection = $1 AND n.path IS NOT DISTINCT FROM $2 AND n.quick = $3)
  AND v.ended_at IS NULL
