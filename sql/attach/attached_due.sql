-- SPDX-License-Identifier: Apache-2.0
-- Whether something of attached tables can be taken in.
--   $1 boolean  also where rows are to be read that were there before
-- answers: boolean
SELECT EXISTS (SELECT
               FROM grove.attached AS a
               WHERE
-- part: attached_ready
                 AND (($1::boolean AND a.filled_at IS NULL)
                      OR a.partitions <>
-- part: attached_partitions
                      OR EXISTS (SELECT FROM grove.attached_change AS c WHERE c.attached_id = a.id)))
