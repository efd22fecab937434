-- SPDX-License-Identifier: Apache-2.0
-- What a content m is compared by: its vector, or the text to embed where the vector is not
-- current. A content outside the outbox has a current vector (sql/README.md, invariant 3); of one
-- inside it the text's hash decides.
--   $8 text  model id
LEFT JOIN LATERAL (
    SELECT o.content_id FROM grove.outbox AS o WHERE o.content_id = m.id LIMIT 1
) AS o ON true
LEFT JOIN grove.embedding AS e ON e.content_id = m.id AND e.model = $8
LEFT JOIN grove.body AS b ON b.content_id = m.id
CROSS JOIN LATERAL (SELECT m.title || E'\n' || coalesce(b.body, m.content_summary) AS text) AS t
CROSS JOIN LATERAL (
    SELECT e.vector IS NOT NULL
           AND (o.content_id IS NULL OR e.text_sha256 = sha256(convert_to(t.text, 'UTF8'))) AS current
) AS p
