-- SPDX-License-Identifier: Apache-2.0
-- All was compared: rows may leave the outbox again.
--   $1 text  its history
--   $2 text  who compared
-- answers: boolean
UPDATE grove.lineage
SET doubt = NULL, doubted_at = NULL, claimed_by = NULL, claimed_until = NULL,
    written = pg_current_xact_id()::xid
WHERE history = $1 AND claimed_by = $2
RETURNING true
