-- SPDX-License-Identifier: Apache-2.0
-- Taking in: all rows are to be read anew, so what was noted so far is done.
--   $1 integer  attachment
-- answers: bigint
WITH gone AS (
    DELETE FROM grove.attached_change AS c WHERE c.attached_id = $1 RETURNING c.id
), again AS (
    UPDATE grove.attached AS a
    SET filled_to = NULL, filled_rows = 0, filled_at = NULL, problem = NULL, retry_at = NULL
    WHERE a.id = $1
    RETURNING a.id
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM again)
