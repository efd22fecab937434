-- SPDX-License-Identifier: Apache-2.0
-- A document by its name: its key, or its source, a slash and its key. Both may have slashes: so each
-- is tried. Of two rows the name says too little.
--   $1 text     name
--   $2 boolean  with its body
-- answers: integer, text, text, text, text, text, text, bigint, timestamp, timestamp
SELECT d.id, d.source, d.key, d.title, d.url, d.metadata::text, CASE WHEN $2::boolean THEN d.body END,
       octet_length(d.body)::bigint, d.created_at, d.updated_at
FROM grove.document AS d
WHERE (d.source, d.key) IN (SELECT '', $1::text
                            UNION ALL
                            SELECT left($1, n - 1), substr($1, n + 1)
                            FROM generate_series(1, length($1)) AS n
                            WHERE substr($1, n, 1) = '/')
ORDER BY d.source, d.key
LIMIT 2
