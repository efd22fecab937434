-- SPDX-License-Identifier: Apache-2.0
-- Has every content projected again: the vector engine's collection was lost.
--   $1 text  a projector that writes what it has leased after this
-- What waits already is as good as a new row. What another projector has leased is not: it may have
-- been written to what was lost, and be taken for done.
INSERT INTO grove.outbox (content_id, revision, deleted)
SELECT s.content_id, nextval('grove.revision_seq'), false
FROM grove.content_state AS s
WHERE NOT EXISTS (SELECT FROM grove.outbox AS o
                  WHERE o.content_id = s.content_id
                    AND (o.lease_owner IS NULL OR o.lease_owner = $1))
ORDER BY s.content_id
