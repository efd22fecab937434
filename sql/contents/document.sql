-- SPDX-License-Identifier: Apache-2.0
-- A document by its name: its key, or its source, a slash and its key. Both may have slashes: so each
-- is tried. Or a row of an attached table: as the table is called now, a space or a slash, the key. Of
-- two rows the name says too little.
--   $1 text     name
--   $2 boolean  with its body
-- answers: integer, text, text, text, text, text, text, bigint, timestamp, timestamp, text
WITH
-- part: attached_tables
SELECT d.id, d.source, d.key, d.title, d.url, d.metadata::text, CASE WHEN $2::boolean THEN d.body END,
       octet_length(d.body)::bigint, d.created_at, d.updated_at, t.name
FROM grove.document AS d
LEFT JOIN attached_tables AS t ON t.source = d.source
WHERE (d.source, d.key) IN (SELECT '', $1::text
                            UNION ALL
                            SELECT left($1, n - 1), substr($1, n + 1)
                            FROM generate_series(1, length($1)) AS n
                            WHERE substr($1, n, 1) = '/'
                            UNION ALL
                            SELECT a.source, substr($1, length(f.form) + 2)
                            FROM attached_tables AS a
                            CROSS JOIN (VALUES (''), ('public.')) AS s (schema)
                            CROSS JOIN LATERAL (SELECT substr(a.name, length(s.schema) + 1)) AS f (form)
                            WHERE starts_with(a.name, s.schema)
                              AND left($1, length(f.form) + 1) IN (f.form || ' ', f.form || '/'))
ORDER BY d.source, d.key
LIMIT 2
