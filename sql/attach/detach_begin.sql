-- SPDX-License-Identifier: Apache-2.0
-- Detaching: nothing of it is taken in any more.
--   $1 integer  attachment
-- answers: integer
UPDATE grove.attached AS a SET leaving = true WHERE a.id = $1 RETURNING a.id
