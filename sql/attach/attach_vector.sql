-- SPDX-License-Identifier: Apache-2.0
-- Attaching: whether a column can have vectors: numbers, or a text that such stand in.
--   $1 bigint  the table
--   $2 text    the column
-- answers: text, boolean
-- Its type; an array of numbers, text, JSON, or pgvector's type, which is found by its name.
SELECT format_type(a.atttypid, a.atttypmod),
       coalesce(e.typcategory = 'N', false) OR t.typcategory = 'S'
           OR t.oid IN ('json'::regtype, 'jsonb'::regtype) OR t.typname IN ('vector', 'halfvec')
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_type AS e ON t.typcategory = 'A' AND e.oid = t.typelem
WHERE a.attrelid = $1::bigint::oid AND a.attname = $2 AND NOT a.attisdropped
