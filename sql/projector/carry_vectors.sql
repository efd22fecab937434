-- SPDX-License-Identifier: Apache-2.0
-- Vectors that were given, not computed, belong to the content whatever the model.
--   $1 text  model id to carry them to
--   $2 text  model id that they are under
INSERT INTO grove.embedding AS e (content_id, model, text_sha256, origin, vector)
SELECT g.content_id, $1, g.text_sha256, g.origin, g.vector
FROM grove.embedding AS g
WHERE g.model = $2 AND g.origin <> 'computed'
ORDER BY g.content_id
ON CONFLICT (content_id, model) DO UPDATE
SET text_sha256 = excluded.text_sha256, origin = excluded.origin, vector = excluded.vector,
    created_at = clock_timestamp()
WHERE (e.text_sha256, e.origin, e.vector)
      IS DISTINCT FROM (excluded.text_sha256, excluded.origin, excluded.vector)
