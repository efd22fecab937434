-- SPDX-License-Identifier: Apache-2.0
-- A new epoch, for a collection that is another's. One that a copy of this database has taken would be
-- taken for an older engine by it, or for its own: this one has a new identity then.
-- Every content waits: that a point has the revision of a content tells nothing, where others drew it.
-- What waits already, too: what was acknowledged while this waited for the row waits by its new row.
--   $1 text     why its projection is to be compared
--   $2 integer  1: the collection has a mark of this identity
WITH begun AS (
    UPDATE grove.lineage
    SET identity = CASE $2::integer WHEN 1 THEN gen_random_uuid() ELSE identity END,
        epoch = CASE $2::integer WHEN 1 THEN 1 ELSE epoch + 1 END, history = grove.new_history(),
        marked = false, doubt = $1, doubted_at = clock_timestamp(), compared_from = 0,
        claimed_by = NULL, claimed_until = NULL, written = pg_current_xact_id()::xid
    RETURNING is_one
), queued AS (
    INSERT INTO grove.outbox (content_id, revision, deleted)
    SELECT s.content_id, nextval('grove.revision_seq'), false
    FROM grove.content_state AS s, begun
    ORDER BY s.content_id
), forgotten AS (
    DELETE FROM grove.setting WHERE name = 'break_epoch' AND $2::integer = 1
)
-- part: set_aside
FROM begun WHERE x.graph <> ''
