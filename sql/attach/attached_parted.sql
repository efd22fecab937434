-- SPDX-License-Identifier: Apache-2.0
-- Taking in: an attached table whose partitions are not those that have its triggers.
-- answers: integer
SELECT a.id
FROM grove.attached AS a
WHERE
-- part: attached_ready
  AND a.partitions IS NOT NULL AND a.partitions <>
-- part: attached_partitions
ORDER BY a.id
LIMIT 1
