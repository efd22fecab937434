-- SPDX-License-Identifier: Apache-2.0
-- The projection is to be compared, from the beginning.
--   $1 text     its history
--   $2 text     why
--   $3 integer  1: only where contents wait for nothing; the others are written anyway
WITH doubted AS (
    UPDATE grove.lineage
    SET doubt = $2, doubted_at = clock_timestamp(), compared_from = 0, claimed_by = NULL,
        claimed_until = NULL, written = pg_current_xact_id()::xid
    WHERE history = $1
      AND ($3 = 0 OR EXISTS (
          SELECT FROM grove.content_state AS s
          WHERE NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = s.content_id)))
    RETURNING is_one
)
-- part: set_aside
FROM doubted WHERE x.graph <> ''
