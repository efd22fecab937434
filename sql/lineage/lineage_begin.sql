-- SPDX-License-Identifier: Apache-2.0
-- A new epoch, where something has happened to the database (grove.lineage_break). What was claimed
-- is so no more.
--   $1 text  which of them is noted: another one is not told by this statement
-- What is marked with an epoch of before it may have come of the history that was lost (break_epoch).
-- A copy is another database from now on. Whoever comes second finds the row changed, and leaves it.
WITH begun AS (
    UPDATE grove.lineage AS l
    SET identity = CASE $1 WHEN 'copied' THEN gen_random_uuid() ELSE l.identity END,
        epoch = CASE $1 WHEN 'copied' THEN 1 ELSE l.epoch + 1 END,
        history = grove.new_history(), system = coalesce(w.system, l.system), database = w.database,
        timeline = coalesce(w.timeline, l.timeline), written = pg_current_xact_id()::xid,
        marked = false,
        doubt = CASE $1 WHEN 'copied' THEN 'the database is a copy of another one'
                        WHEN 'restored' THEN 'the database was restored from a dump'
                        ELSE 'the database''s server was restored, has failed over, or is another one'
                END,
        doubted_at = clock_timestamp(), compared_from = 0, claimed_by = NULL, claimed_until = NULL
    FROM grove.whereabouts() AS w
    WHERE (l.written <> l.xmin OR l.system <> w.system OR l.database <> w.database
           OR l.timeline <> w.timeline)
    RETURNING l.epoch
), noted AS (
    INSERT INTO grove.setting (name, value)
    SELECT 'break_epoch', b.epoch::text FROM begun AS b
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = clock_timestamp()
)
-- part: set_aside
FROM begun WHERE x.graph <> ''
