-- SPDX-License-Identifier: Apache-2.0
-- Whoever takes a collection is a database of its own from then on: the one whose collection it was
-- may be a copy of this one, and would take an older epoch for an older engine.
-- Every content waits: that a point has the revision of a content tells nothing, where others drew it.
-- What waits already, too: what was acknowledged while this waited for the row waits by its new row.
--   $1 text  why its projection is to be compared
WITH begun AS (
    UPDATE grove.lineage
    SET identity = gen_random_uuid(), epoch = 1, history = grove.new_history(), marked = false,
        doubt = $1, doubted_at = clock_timestamp(), compared_from = 0, claimed_by = NULL,
        claimed_until = NULL, written = pg_current_xact_id()::xid
    RETURNING is_one
), queued AS (
    INSERT INTO grove.outbox (content_id, revision, deleted)
    SELECT s.content_id, nextval('grove.revision_seq'), false
    FROM grove.content_state AS s, begun
    ORDER BY s.content_id
), forgotten AS (
    DELETE FROM grove.setting WHERE name = 'break_epoch'
)
-- part: set_aside
FROM begun WHERE x.graph <> ''
