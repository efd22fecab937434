-- SPDX-License-Identifier: Apache-2.0
-- Takes vectors that were supplied under another model over to this one (parts/supplied.sql).
--   $1 integer[]  content ids
--   $2 text       model id
-- Whoever supplies another vector meanwhile does so at a later revision, and keeps it.
INSERT INTO grove.embedding AS e (content_id, model, text_sha256, origin, vector, revision)
SELECT DISTINCT ON (x.content_id)
       x.content_id, $2, x.text_sha256, x.origin, x.vector, x.revision
FROM grove.embedding AS x
LEFT JOIN grove.embedding AS e ON e.content_id = x.content_id AND e.model = $2
WHERE x.content_id = ANY ($1) AND x.model <> $2 AND
-- part: supplied
ORDER BY x.content_id, x.revision DESC NULLS LAST
ON CONFLICT (content_id, model) DO UPDATE
SET text_sha256 = excluded.text_sha256,
    origin = excluded.origin,
    vector = excluded.vector,
    revision = excluded.revision,
    created_at = clock_timestamp()
WHERE e.origin = 'computed' OR e.revision < excluded.revision
