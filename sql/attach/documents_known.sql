-- SPDX-License-Identifier: Apache-2.0
-- Taking in: which of these documents there are.
--   $1 text    source
--   $2 text[]  keys
-- answers: text
SELECT d.key FROM grove.document AS d WHERE d.source = $1 AND d.key = ANY ($2::text[])
