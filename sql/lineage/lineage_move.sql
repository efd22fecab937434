-- SPDX-License-Identifier: Apache-2.0
-- A new epoch, since the database's mark is not on the collection that is to have it: what was marked
-- before is older from now on, wherever it is. The projection is to be compared, from the beginning.
--   $1 text     its history
--   $2 text     why
--   $3 integer  enum begins of lineage.c. 0: the projection is this database's. 1: the same, and there is
--               only something to compare where contents wait for nothing. 2: it is not, or of what
--               this one has lost: every content waits, since a point tells nothing by having the
--               revision of a content, where others drew it; and whether the database was marked is
--               no matter. 3: the same, and it is that of a copy of this database, which would take
--               another epoch for an older engine, or for its own: so this one has a new identity.
-- What waits already waits again: what is acknowledged while this waits for the row is written, too.
WITH begun AS (
    UPDATE grove.lineage AS l
    SET identity = CASE $3::integer WHEN 3 THEN gen_random_uuid() ELSE l.identity END,
        epoch = CASE $3 WHEN 3 THEN 1 ELSE l.epoch + 1 END, history = grove.new_history(),
        marked = false, doubt = CASE WHEN d.is_so THEN $2 ELSE l.doubt END,
        doubted_at = CASE WHEN d.is_so THEN clock_timestamp() ELSE l.doubted_at END,
        compared_from = 0, claimed_by = NULL, claimed_until = NULL,
        written = pg_current_xact_id()::xid
    FROM (SELECT $3 <> 1 OR EXISTS (
              SELECT FROM grove.content_state AS s
              WHERE NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = s.content_id)
          ) AS is_so) AS d
    WHERE l.history = $1 AND (l.marked OR $3 >= 2)
    RETURNING l.is_one
), queued AS (
    INSERT INTO grove.outbox (content_id, revision, deleted)
    SELECT s.content_id, nextval('grove.revision_seq'), false
    FROM grove.content_state AS s, begun
    WHERE $3 >= 2
    ORDER BY s.content_id
), forgotten AS (
    DELETE FROM grove.setting AS b USING begun
    WHERE b.name = 'break_epoch' AND $3 = 3
)
-- part: set_aside
FROM begun WHERE x.graph <> ''
