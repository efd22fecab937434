-- SPDX-License-Identifier: Apache-2.0
-- The model whose vectors the database compares, and the newest migration that it has.
-- answers: text, integer
SELECT (SELECT value FROM grove.setting WHERE name = 'model'),
       (SELECT coalesce(max(version), 0) FROM grove.migration)
