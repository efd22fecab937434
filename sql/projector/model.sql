-- SPDX-License-Identifier: Apache-2.0
-- The model whose vectors the database compares, the newest migration that it has, and the one that
-- a library must know to work with it.
-- answers: text, integer, integer
SELECT (SELECT value FROM grove.setting WHERE name = 'model'), s.version, s.compatible_from
FROM grove.schema_version AS s
