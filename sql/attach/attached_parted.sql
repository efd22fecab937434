-- SPDX-License-Identifier: Apache-2.0
-- Taking in: an attached table whose partitions are not those that have its triggers.
-- answers: integer
SELECT a.id
FROM grove.attached AS a
WHERE a.partitions IS NOT NULL AND NOT a.leaving
  AND (a.retry_at IS NULL OR a.retry_at <= clock_timestamp())
  AND a.partitions <> grove.attached_partitions(a.id)
ORDER BY a.id
LIMIT 1
