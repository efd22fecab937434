-- SPDX-License-Identifier: Apache-2.0
-- Attaching, taking in: the partitions that have its triggers now.
--   $1 integer  attachment
-- answers: integer
UPDATE grove.attached AS a
SET partitions =
-- part: attached_partitions
WHERE a.id = $1
RETURNING a.id
