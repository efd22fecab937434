-- SPDX-License-Identifier: Apache-2.0
-- Taking in: these changes are done, and of another the first keys.
--   $1 integer   attachment
--   $2 bigint[]  changes
--   $3 bigint    the other; null: none
--   $4 bigint    how many of its keys
-- answers: bigint
WITH gone AS (
    DELETE FROM grove.attached_change AS c WHERE c.attached_id = $1 AND c.id = ANY ($2::bigint[])
    RETURNING c.id
), shorter AS (
    UPDATE grove.attached_change AS c
    SET keys = c.keys[$4::bigint::integer + 1:]
    WHERE c.attached_id = $1 AND c.id = $3::bigint
    RETURNING c.id
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM shorter)
