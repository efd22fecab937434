-- SPDX-License-Identifier: Apache-2.0
-- How many contents the vector engine should hold by now: those that wait for nothing.
-- answers: bigint
SELECT count(*)
FROM grove.content_state AS s
WHERE NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = s.content_id)
