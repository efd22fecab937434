-- SPDX-License-Identifier: Apache-2.0
-- The next contents that were embedded before long texts were noted (0025_long_texts.sql).
--   $1 integer  contents at most
--   $2 integer  characters at most, of a body or summary
-- answers: text, integer, bytea, text
-- How far they were looked at, and of each content the SHA-256 of the text that was embedded, and that
-- text; null: it was supplied, has changed since, or is so short that the model reads it whole: a token
-- has a byte. No row: all were looked at; one without a content: these were the last.
WITH at AS MATERIALIZED (
    SELECT s.value FROM grove.setting AS s WHERE s.name = 'long_texts' AND s.value <> 'all'
), next AS MATERIALIZED (
    SELECT e.content_id, e.text_sha256, e.origin
    FROM grove.embedding AS e
    WHERE e.content_id > (SELECT a.value::integer FROM at AS a)
      AND e.model = (SELECT s.value FROM grove.setting AS s WHERE s.name = 'model')
    ORDER BY e.content_id
    LIMIT $1
)
SELECT a.value, n.content_id, n.text_sha256,
       CASE WHEN n.origin = 'computed' AND octet_length(m.title) + 1 + octet_length(t.text) > 254
                 AND sha256(convert_to(m.title || E'\n' || t.text, 'UTF8')) = n.text_sha256
            THEN m.title || E'\n' || left(t.text, $2) END
FROM at AS a
LEFT JOIN next AS n ON true
LEFT JOIN public.content_metadata AS m ON m.id = n.content_id
LEFT JOIN grove.body AS b ON b.content_id = m.id
CROSS JOIN LATERAL (SELECT coalesce(b.body, m.content_summary) AS text) AS t
ORDER BY n.content_id
