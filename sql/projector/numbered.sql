-- SPDX-License-Identifier: Apache-2.0
-- Whether all points have the numbers of branch and limb, or wait for them; and whether the next
-- contents may be put in (0014_numbered_points.sql).
--   $1 integer  milliseconds since the migration in which a projector of before it may still write
-- answers: boolean, boolean
-- Where the clock was set back nothing is waited for.
SELECT s.value = 'all',
       s.value <> 'all'
           AND NOT s.changed_at BETWEEN clock_timestamp() - $1 * interval '1 millisecond'
                                    AND clock_timestamp()
FROM grove.setting AS s
WHERE s.name = 'numbered_points'
