-- SPDX-License-Identifier: Apache-2.0
-- The model whose vectors the database compares, the newest migration that it has, and the one that
-- a library must know to work with it. Why the engine is not known to be the projection of this
-- database (sql/lineage/lineage.sql), or null; what has happened to the database; whether a table is
-- attached; which stretch of its history this is. The model that it is to have next, or null.
-- answers: text, integer, integer, text, text, boolean, text, text
SELECT (SELECT value FROM grove.setting WHERE name = 'model'), s.version, s.compatible_from,
       (SELECT doubt FROM grove.lineage), grove.lineage_break(), EXISTS (SELECT FROM grove.attached),
       (SELECT history FROM grove.lineage),
       (SELECT value FROM grove.setting WHERE name = 'next_model')
FROM grove.schema_version AS s
