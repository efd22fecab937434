-- SPDX-License-Identifier: Apache-2.0
-- Puts the next contents into the outbox whose points may lack the numbers of branch and limb: those
-- that were there when points got them (0014_numbered_points.sql).
--   $1 integer  contents at most
-- What waits already is as good as a new row: whoever ends it writes the numbers. So is what comes
-- later, since it comes into the outbox. When the last contents are in, all points have numbers or
-- wait; what waits is read from PostgreSQL by every search.
-- answers: bigint
-- How many were put in.
WITH at AS MATERIALIZED (
    SELECT s.value
    FROM grove.setting AS s
    WHERE s.name = 'numbered_points' AND s.value <> 'all'
    FOR UPDATE SKIP LOCKED
), next AS MATERIALIZED (
    SELECT s.content_id
    FROM grove.content_state AS s
    WHERE s.content_id > (SELECT a.value::integer FROM at AS a)
    ORDER BY s.content_id
    LIMIT $1
), queued AS (
    INSERT INTO grove.outbox (content_id, revision, deleted)
    SELECT n.content_id, nextval('grove.revision_seq'), false
    FROM next AS n
    WHERE NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = n.content_id)
    ORDER BY n.content_id
    RETURNING content_id
), moved AS (
    UPDATE grove.setting AS s
    SET value = CASE WHEN (SELECT count(*) FROM next) < $1 THEN 'all'
                     ELSE (SELECT max(n.content_id) FROM next AS n)::text END
    FROM at
    WHERE s.name = 'numbered_points'
)
SELECT count(*) FROM queued
