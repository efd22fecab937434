-- SPDX-License-Identifier: Apache-2.0
-- Taking in: as place_lock.sql, of several places, in one order.
--   $1 text[]     hierarchy tables
--   $2 integer[]  leaves
--   $3 text[]     content types
-- answers: bigint
WITH places AS (
    SELECT DISTINCT hashtextextended(u.leaves || chr(31) || u.leaf_id || chr(31) || u.type, 21) AS key
    FROM unnest($1::text[], $2::integer[], $3::text[]) AS u (leaves, leaf_id, type)
), locked AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(p.key) FROM (SELECT key FROM places ORDER BY key) AS p
)
SELECT count(*) FROM locked
