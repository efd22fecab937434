-- SPDX-License-Identifier: Apache-2.0
-- Loading: how many of these contents are not in the index yet.
--   $1 integer[]  content ids
-- answers: bigint
-- One that was deleted since has nothing to be in the index with. What its rows in the outbox say of
-- that may be out of date: the contents are asked.
SELECT count(*)
FROM public.content_metadata AS m
WHERE m.id = ANY ($1) AND EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = m.id)
