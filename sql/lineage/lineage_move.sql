-- SPDX-License-Identifier: Apache-2.0
-- A new epoch, since the database's mark is not on the collection that is to have it: what was marked
-- before is older from now on, wherever it is. The projection is to be compared, from the beginning.
--   $1 text     its history
--   $2 text     why
--   $3 integer  1: only where contents wait for nothing; the others are written anyway
--   $4 integer  1: every content waits: that a point has the revision of a content tells nothing, where
--               others drew it. Whether the database was marked is no matter then.
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
    WHERE l.history = $1 AND (l.marked OR $4 = 1)
    RETURNING l.is_one
), queued AS (
    INSERT INTO grove.outbox (content_id, revision, deleted)
    SELECT s.content_id, nextval('grove.revision_seq'), false
    FROM grove.content_state AS s, begun
    WHERE $4 = 1
    ORDER BY s.content_id
)
-- part: set_aside
FROM begun WHERE x.graph <> ''
