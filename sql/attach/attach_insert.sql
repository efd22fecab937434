-- SPDX-License-Identifier: Apache-2.0
-- Attaching: a new attachment.
--   $1 text     source
--   $2 text[]   columns of the key
--   $3 text     path
--   $4 text     content type
--   $5 text     title; null: the beginning of the text; and so on
--   $6 text     body
--   $7 text     created
--   $8 text     URL
--   $9 text     metadata
--   $10 text    condition
--   $11 text[]  columns that count
--   $12 bigint  rows, an estimate
--   $13 text    vector
-- answers: integer
INSERT INTO grove.attached AS a
    (source, key_columns, path, content_type, title, body, created, url, metadata, condition, watched,
     rows_expected, vector)
VALUES ($1, $2::text[], $3, $4, $5, $6, $7, $8, $9, $10, $11::text[], $12, $13)
RETURNING a.id
