-- SPDX-License-Identifier: Apache-2.0
-- The collection has the mark.
--   $1 text  its history
--   $2 text  collection
WITH marked AS (
    UPDATE grove.lineage
    SET marked = true, written = pg_current_xact_id()::xid
    WHERE history = $1
    RETURNING is_one
)
INSERT INTO grove.setting (name, value)
SELECT 'collection', $2 FROM marked
ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = clock_timestamp()
WHERE setting.value <> excluded.value
