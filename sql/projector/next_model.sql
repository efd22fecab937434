-- SPDX-License-Identifier: Apache-2.0
-- The model that the database is to have next, and how far its vectors are (src/catalog/
-- model_change.h); no row: none.
-- answers: text, text
SELECT n.value, (SELECT a.value FROM grove.setting AS a WHERE a.name = 'next_model_at')
FROM grove.setting AS n
JOIN grove.setting AS m ON m.name = 'model' AND m.value <> n.value
WHERE n.name = 'next_model'
