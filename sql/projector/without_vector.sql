-- SPDX-License-Identifier: Apache-2.0
-- Contents, in the order of their ids, that have no current vector of a model, with what to embed.
--   $1 text     model id
--   $2 integer  only ids above this one
--   $3 integer  rows at most
SELECT m.id, s.revision, t.text
FROM public.content_metadata AS m
JOIN grove.content_state AS s ON s.content_id = m.id
LEFT JOIN grove.body AS b ON b.content_id = m.id
LEFT JOIN grove.embedding AS e ON e.content_id = m.id AND e.model = $1
CROSS JOIN LATERAL (SELECT m.title || E'\n' || coalesce(b.body, m.content_summary) AS text) AS t
WHERE m.id > $2
  AND (e.text_sha256 IS NULL OR e.text_sha256 <> sha256(convert_to(t.text, 'UTF8')))
ORDER BY m.id
LIMIT $3
