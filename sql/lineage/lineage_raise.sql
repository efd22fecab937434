-- SPDX-License-Identifier: Apache-2.0
-- Has an epoch that no collection was marked with yet outrank another.
--   $1 text    its history
--   $2 bigint  the epoch to outrank
WITH raised AS (
    UPDATE grove.lineage
    SET epoch = $2 + 1, written = pg_current_xact_id()::xid
    WHERE history = $1 AND NOT marked AND epoch <= $2
    RETURNING epoch
)
INSERT INTO grove.setting (name, value)
SELECT 'break_epoch', r.epoch::text FROM raised AS r
ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = clock_timestamp()
