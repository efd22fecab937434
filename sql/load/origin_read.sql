-- SPDX-License-Identifier: Apache-2.0
-- A content that is to become a document, which origin_lock.sql has locked: whether it still is what was
-- read of it. Its body is locked here: whoever changes that has no need of the content's lock.
--   $1 integer    content
--   $2 text       hierarchy table
--   $3 text       content type
--   $4 timestamp  created at
--   $5 bytea      SHA-256 of title, line feed, and body or summary
-- answers: integer
-- Its leaf. No row: it is another, or a chunk, or its vector was supplied meanwhile.
WITH body AS MATERIALIZED (
    SELECT b.body FROM grove.body AS b WHERE b.content_id = $1 FOR UPDATE
)
SELECT m.leaf_id
FROM public.content_metadata AS m
WHERE m.id = $1 AND m.hierarchy_table = $2 AND m.content_type = $3 AND m.created_at = $4
  AND sha256(convert_to(
          m.title || E'\n' || coalesce((SELECT b.body FROM body AS b), m.content_summary),
          'UTF8')) = $5
  AND NOT EXISTS (SELECT FROM grove.chunk AS c WHERE c.content_id = m.id)
  AND NOT EXISTS (SELECT
                  FROM grove.embedding AS e
                  WHERE e.content_id = m.id AND e.origin <> 'computed' AND e.text_sha256 = $5)
