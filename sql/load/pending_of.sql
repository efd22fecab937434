-- SPDX-License-Identifier: Apache-2.0
-- Loading: how many of these contents are not in the index yet.
--   $1 integer[]  content ids
-- answers: bigint
SELECT count(DISTINCT content_id) FROM grove.outbox WHERE content_id = ANY ($1) AND NOT deleted
