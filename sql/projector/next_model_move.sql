-- SPDX-License-Identifier: Apache-2.0
-- Notes how far the vectors of the next model are: whoever does so has the contents in between.
--   $1 text  the next model
--   $2 text  how far they had been; where that has changed another projector was here
--   $3 text  how far they are now
-- answers: text
-- A row, or none where another was here, or the database is to have another model by now.
INSERT INTO grove.setting AS s (name, value)
SELECT 'next_model_at', $3::text
FROM grove.setting AS n
WHERE n.name = 'next_model' AND n.value = $1::text
ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = clock_timestamp()
WHERE s.value = $2::text
RETURNING s.value
