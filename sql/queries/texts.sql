-- SPDX-License-Identifier: Apache-2.0
-- The texts of a few contents that have no vector to compare by: as much of each as a model can
-- read, and the hash of the whole.
--   $1 integer[]  content ids
--   $2 integer    characters at most, of a body or summary
--   $3 text       model id
--   $4 bigint     after so many bytes of bodies and summaries the others are left out
-- answers: integer, bigint, text, boolean, bytea, bytea
-- `whole` is false where characters were left out. `vector` is there where the hash says that it is
-- of this text after all, or where one of this text was supplied under another model.
SELECT c.id,
       c.revision,
       c.title || E'\n' || left(c.text, $2) AS text,
       octet_length(left(c.text, $2)) = octet_length(c.text) AS whole,
       h.sha256,
       coalesce((SELECT x.vector
                 FROM grove.embedding AS x
                 WHERE x.content_id = c.id AND x.model <> $3 AND x.text_sha256 = h.sha256 AND
-- part: supplied
                 ORDER BY x.revision DESC NULLS LAST
                 LIMIT 1),
                CASE WHEN e.text_sha256 = h.sha256 THEN e.vector END) AS vector
FROM (
    SELECT m.id, s.revision, m.title, t.text,
           sum(octet_length(t.text)) OVER (ORDER BY wanted.position) - octet_length(t.text) AS before
    FROM unnest($1::integer[]) WITH ORDINALITY AS wanted (id, position)
    JOIN public.content_metadata AS m ON m.id = wanted.id
    JOIN grove.content_state AS s ON s.content_id = m.id
    LEFT JOIN grove.body AS b ON b.content_id = m.id
    CROSS JOIN LATERAL (SELECT coalesce(b.body, m.content_summary) AS text) AS t
) AS c
LEFT JOIN grove.embedding AS e ON e.content_id = c.id AND e.model = $3
CROSS JOIN LATERAL (
    SELECT sha256(convert_to(c.title || E'\n' || c.text, 'UTF8')) AS sha256 OFFSET 0
) AS h
WHERE c.before < $4
