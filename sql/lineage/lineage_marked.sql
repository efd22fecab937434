-- SPDX-License-Identifier: Apache-2.0
-- The collection has the mark.
--   $1 text  its history
--   $2 text  collection
WITH marked AS (
    UPDATE grove.lineage
    SET marked = true, written = pg_current_xact_id()::xid
    WHERE history = $1
    RETURNING identity
)
INSERT INTO grove.setting (name, value)
SELECT v.name, v.value
FROM marked AS m, LATERAL (VALUES ('collection', $2), ('collection_of', m.identity::text))
         AS v (name, value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = clock_timestamp()
WHERE setting.value <> excluded.value
