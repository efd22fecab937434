-- SPDX-License-Identifier: Apache-2.0
-- Puts contents into the outbox again that were written late (acknowledge.sql).
--   $1 integer[]  content ids
-- answers: integer
-- First their states are locked, as writers lock them before they touch the outbox. A state that
-- a writer has locked is skipped, since its outbox row may be there, uncommitted, and would be
-- waited for. A content that is being inserted shows nothing of itself: the caller sets a
-- lock_timeout of milliseconds, and holds no other lock.
-- Answers with the contents that were skipped: the caller brings those up to date by itself.
WITH state AS MATERIALIZED (
    SELECT s.content_id, s.revision
    FROM grove.content_state AS s
    WHERE s.content_id = ANY ($1)
    ORDER BY s.content_id
    FOR SHARE SKIP LOCKED
), skipped AS MATERIALIZED (
    SELECT s.content_id
    FROM grove.content_state AS s
    WHERE s.content_id = ANY ($1)
      AND s.content_id NOT IN (SELECT content_id FROM state)
), queued AS (
    INSERT INTO grove.outbox (content_id, revision, deleted)
    SELECT u.content_id,
           coalesce(s.revision, nextval('grove.revision_seq')),
           s.content_id IS NULL
    FROM unnest($1::integer[]) AS u (content_id)
    LEFT JOIN state AS s ON s.content_id = u.content_id
    WHERE u.content_id NOT IN (SELECT content_id FROM skipped)
    ORDER BY u.content_id
    ON CONFLICT (content_id) DO NOTHING
)
SELECT content_id FROM skipped
