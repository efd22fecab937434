-- SPDX-License-Identifier: Apache-2.0
-- Has every content projected again: the vector engine's collection was lost.
INSERT INTO grove.outbox (content_id, revision, deleted)
SELECT s.content_id, s.revision, false
FROM grove.content_state AS s
ORDER BY s.content_id
ON CONFLICT (content_id) DO NOTHING
