-- SPDX-License-Identifier: Apache-2.0
-- Rows of attached tables that cannot be contents, the latest first.
--   $1 integer  so many
-- answers: text, text, text, timestamp
SELECT a.source, r.key, r.reason, r.noted_at
FROM grove.attached_refused AS r
JOIN grove.attached AS a ON a.id = r.attached_id
ORDER BY r.noted_at DESC, r.attached_id, r.key
LIMIT $1::integer
