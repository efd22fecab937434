-- SPDX-License-Identifier: Apache-2.0
-- Taking in: these changes are done, and of another the first keys.
--   $1 bigint[]  changes
--   $2 bigint    the other; null: none
--   $3 bigint    how many of its keys
-- answers: bigint
WITH gone AS (
    DELETE FROM grove.attached_change AS c WHERE c.id = ANY ($1::bigint[]) RETURNING c.id
), shorter AS (
    UPDATE grove.attached_change AS c
    SET keys = c.keys[$3::bigint::integer + 1:]
    WHERE c.id = $2::bigint
    RETURNING c.id
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM shorter)
