-- SPDX-License-Identifier: Apache-2.0
-- A new epoch, since the database's mark is not on the collection that is to have it: what was marked
-- before is older from now on, wherever it is. The projection is to be compared, from the beginning.
--   $1 text     its history
--   $2 text     why
--   $3 integer  1: only where contents wait for nothing; the others are written anyway
WITH begun AS (
    UPDATE grove.lineage AS l
    SET epoch = l.epoch + 1, history = grove.new_history(), marked = false,
        doubt = CASE WHEN d.is_so THEN $2 ELSE l.doubt END,
        doubted_at = CASE WHEN d.is_so THEN clock_timestamp() ELSE l.doubted_at END,
        compared_from = 0, claimed_by = NULL, claimed_until = NULL,
        written = pg_current_xact_id()::xid
    FROM (SELECT $3 = 0 OR EXISTS (
              SELECT FROM grove.content_state AS s
              WHERE NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = s.content_id)
          ) AS is_so) AS d
    WHERE l.history = $1 AND l.marked
    RETURNING l.is_one
)
-- part: set_aside
FROM begun WHERE x.graph <> ''
