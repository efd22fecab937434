-- SPDX-License-Identifier: Apache-2.0
-- Loading a document: one load at a time draws chunk numbers of a leaf and type, until the transaction
-- ends.
--   $1 text     hierarchy table
--   $2 integer  leaf
--   $3 text     content type
-- answers: bigint
WITH locked AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(
        hashtextextended($1 || chr(31) || $2::integer || chr(31) || $3, 21))
)
SELECT count(*) FROM locked
