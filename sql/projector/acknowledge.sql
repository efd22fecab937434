-- SPDX-License-Identifier: Apache-2.0
-- Ends a batch that has been written to the vector engine.
--   $1 integer[]  content ids
--   $2 bigint[]   the revisions now in the engine; for a removed content, the one it was removed at
--   $3 integer[]  1 where it was removed, else 0
--   $4 text       who held the lease
-- Outbox rows of no later revision than was written, and still leased by us, are done. (Of an
-- earlier one is a row that was put in by enqueue_all.sql, whose snapshot was older than the last
-- change.) All others are handed back, whoever has leased them by now: that projector may have
-- written before our late write won, and is not to take them for done. A content whose outbox row
-- somebody else finished while ours was under way (our lease had run out) and whose state is not
-- what we wrote goes in again, for the same reason.
-- A row that a writer holds right now is skipped: it is about to change anyway.
WITH written AS (
    SELECT u.content_id, u.revision, u.removed = 1 AS removed
    FROM unnest($1::integer[], $2::bigint[], $3::integer[]) AS u (content_id, revision, removed)
), held AS (
    SELECT o.content_id, o.revision, o.lease_owner
    FROM grove.outbox AS o
    WHERE o.content_id = ANY ($1)
    ORDER BY o.content_id
    FOR UPDATE SKIP LOCKED
), done AS (
    DELETE FROM grove.outbox AS o
    USING written AS w, held AS h
    WHERE o.content_id = w.content_id
      AND h.content_id = w.content_id
      AND h.revision <= w.revision
      AND h.lease_owner = $4
      AND o.revision = h.revision
    RETURNING o.content_id
), handed_back AS (
    UPDATE grove.outbox AS o
    SET lease_owner = NULL, lease_until = NULL, not_before = clock_timestamp()
    FROM written AS w, held AS h
    WHERE o.content_id = w.content_id
      AND h.content_id = w.content_id
      AND (h.revision > w.revision OR h.lease_owner IS DISTINCT FROM $4)
    RETURNING o.content_id
), again AS (
    INSERT INTO grove.outbox (content_id, revision, deleted)
    SELECT w.content_id,
           coalesce(s.revision, nextval('grove.revision_seq')),
           s.content_id IS NULL
    FROM written AS w
    LEFT JOIN grove.content_state AS s ON s.content_id = w.content_id
    WHERE NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = w.content_id)
      AND CASE WHEN w.removed THEN s.content_id IS NOT NULL
               ELSE s.revision IS DISTINCT FROM w.revision END
    ORDER BY w.content_id
    ON CONFLICT (content_id) DO NOTHING
    RETURNING content_id
)
SELECT (SELECT count(*) FROM done), (SELECT count(*) FROM handed_back), (SELECT count(*) FROM again)
