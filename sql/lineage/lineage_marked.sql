-- SPDX-License-Identifier: Apache-2.0
-- The collection has the mark.
--   $1 text  its history
UPDATE grove.lineage
SET marked = true, written = pg_current_xact_id()::xid
WHERE history = $1 AND NOT marked
