-- SPDX-License-Identifier: Apache-2.0
-- Rechunking: a content that is no chunk, as a whole.
--   $1 integer  content
--   $2 integer  bytes of a text at most; one that has more is not read
-- answers: text, text, text, text, boolean, integer, timestamp, text, bytea, bigint, boolean, text
-- Table, type, title, summary, whether it has a body; words, time; body or summary, SHA-256 of title,
-- line feed and that, its bytes; whether its vector was supplied; the source that its document gets: of
-- this database, so that nowhere another has the same source and key.
SELECT m.hierarchy_table, m.content_type, m.title, m.content_summary, b.content_id IS NOT NULL,
       m.word_count, m.created_at,
       CASE WHEN octet_length(t.text) <= $2 THEN t.text END,
       h.sha256, octet_length(t.text)::bigint,
       EXISTS (SELECT
               FROM grove.embedding AS e
               WHERE e.content_id = m.id AND e.origin <> 'computed' AND e.text_sha256 = h.sha256),
       'grove-' || left(replace((SELECT l.identity::text FROM grove.lineage AS l), '-', ''), 8)
FROM public.content_metadata AS m
LEFT JOIN grove.body AS b ON b.content_id = m.id
CROSS JOIN LATERAL (SELECT coalesce(b.body, m.content_summary) AS text) AS t
CROSS JOIN LATERAL (
    SELECT sha256(convert_to(m.title || E'\n' || t.text, 'UTF8')) AS sha256 OFFSET 0
) AS h
WHERE m.id = $1 AND NOT EXISTS (SELECT FROM grove.chunk AS c WHERE c.content_id = m.id)
