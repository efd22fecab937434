-- SPDX-License-Identifier: Apache-2.0
-- Detaching: the attachment itself, and what is noted of it.
--   $1 integer  attachment
-- answers: integer
WITH noted AS (
    DELETE FROM grove.attached_change AS c WHERE c.attached_id = $1 RETURNING c.id
)
DELETE FROM grove.attached AS a
WHERE a.id = $1 AND (SELECT count(*) FROM noted) >= 0
RETURNING a.id
