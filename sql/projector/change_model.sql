-- SPDX-License-Identifier: Apache-2.0
-- Changes the database to another model, and has every content projected with its vectors. New
-- revisions make what is under way with the old ones lose.
--   $1 text  model id
WITH changed AS (
    UPDATE grove.setting SET value = $1, changed_at = clock_timestamp()
    WHERE name = 'model' AND value <> $1
    RETURNING value
)
SELECT grove.note_changed(array_agg(s.content_id))
FROM grove.content_state AS s
WHERE EXISTS (SELECT FROM changed)
HAVING count(*) > 0
