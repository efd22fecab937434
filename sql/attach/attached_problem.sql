-- SPDX-License-Identifier: Apache-2.0
-- Taking in: what keeps all rows of an attached table from being read; it is tried again later.
--   $1 integer  attachment
--   $2 text     what; null: nothing any more
--   $3 integer  milliseconds until it is tried again
-- answers: integer
UPDATE grove.attached AS a
SET problem = $2,
    retry_at = CASE WHEN $2::text IS NOT NULL
                    THEN clock_timestamp() + $3::integer * interval '1 millisecond' END
WHERE a.id = $1 AND (a.problem IS NOT NULL OR $2::text IS NOT NULL)
RETURNING a.id
