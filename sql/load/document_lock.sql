-- SPDX-License-Identifier: Apache-2.0
-- Loading a document: one load at a time has it, until the transaction ends.
--   $1 text  source
--   $2 text  key
-- answers: bigint
WITH locked AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended($1 || chr(31) || $2, 20))
)
SELECT count(*) FROM locked
