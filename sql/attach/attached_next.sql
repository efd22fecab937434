-- SPDX-License-Identifier: Apache-2.0
-- Taking in: an attached table of which not all rows were read yet.
-- answers: integer
SELECT a.id
FROM grove.attached AS a
WHERE a.filled_at IS NULL AND
-- part: attached_ready
ORDER BY a.id
LIMIT 1
