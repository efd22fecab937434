-- SPDX-License-Identifier: Apache-2.0
-- The revision that the point of a content has now; no row: it is gone.
--   $1 integer      content id
-- answers: bigint
SELECT revision + (SELECT value::bigint FROM grove.setting WHERE name = 'generation')
FROM grove.content_state
WHERE content_id = $1
