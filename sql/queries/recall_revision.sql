-- SPDX-License-Identifier: Apache-2.0
-- The revision that a content has now; no row: it is gone.
--   $1 integer      content id
-- answers: bigint
SELECT revision FROM grove.content_state WHERE content_id = $1
