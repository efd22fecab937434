-- SPDX-License-Identifier: Apache-2.0
-- Detaching: the attachment itself, and what is noted of it.
--   $1 integer  attachment
-- answers: integer
DELETE FROM grove.attached AS a WHERE a.id = $1 RETURNING a.id
