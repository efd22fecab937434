-- SPDX-License-Identifier: Apache-2.0
-- Detaching: nothing of it is taken in any more.
--   $1 integer  attachment
-- answers: integer
WITH noted AS (
    DELETE FROM grove.attached_change AS c WHERE c.attached_id = $1 RETURNING c.id
)
UPDATE grove.attached AS a
SET leaving = true
WHERE a.id = $1 AND (SELECT count(*) FROM noted) >= 0
RETURNING a.id
