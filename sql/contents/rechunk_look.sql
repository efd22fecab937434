-- SPDX-License-Identifier: Apache-2.0
-- Rechunking: the beginnings of some contents, to tell which are longer than the model reads.
--   $1 integer[]  contents
--   $2 integer    characters at most, of a body or summary
-- answers: integer, text, boolean
-- Whether that is all of it.
SELECT m.id, m.title || E'\n' || left(t.text, $2),
       octet_length(left(t.text, $2)) = octet_length(t.text)
FROM unnest($1::integer[]) AS w (id)
JOIN public.content_metadata AS m ON m.id = w.id
LEFT JOIN grove.body AS b ON b.content_id = m.id
CROSS JOIN LATERAL (SELECT coalesce(b.body, m.content_summary) AS text) AS t
ORDER BY m.id
