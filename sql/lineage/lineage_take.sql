-- SPDX-License-Identifier: Apache-2.0
-- Whoever takes a collection is a database of its own from then on: the one whose collection it was
-- may be a copy of this one, and would take an older epoch for an older engine.
--   $1 text  why its projection is to be compared
WITH begun AS (
    UPDATE grove.lineage
    SET identity = gen_random_uuid(), epoch = 1, history = grove.new_history(), marked = false,
        doubt = $1, doubted_at = clock_timestamp(), compared_from = 0, claimed_by = NULL,
        claimed_until = NULL, written = pg_current_xact_id()::xid
    RETURNING is_one
)
-- part: set_aside
FROM begun WHERE x.graph <> ''
