-- SPDX-License-Identifier: Apache-2.0
-- Detaching: documents that are left.
--   $1 text     source
--   $2 integer  so many
-- answers: text
SELECT d.key FROM grove.document AS d WHERE d.source = $1 LIMIT $2::integer
