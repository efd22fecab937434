-- SPDX-License-Identifier: Apache-2.0
-- Compares a page of points with the contents whose ids lie in its range. What the engine lacks, or
-- has at another revision, goes into the outbox. Answers with the points that are to be taken out:
-- of contents that do not exist, and those that a write could lose to, or be taken for done by.
--   $1 bigint     the first id of the range
--   $2 bigint     the last
--   $3 integer[]  ids of the points in it
--   $4 bigint[]   their revisions; -1: none
-- answers: integer, bigint
-- A content outside the outbox has a revision of the history that was kept, which names one state of
-- it only. One that waits may have one that was drawn twice: so its point goes.
WITH seen AS MATERIALIZED (
    SELECT u.content_id, u.revision FROM unnest($3::integer[], $4::bigint[]) AS u (content_id, revision)
), known AS MATERIALIZED (
    SELECT s.content_id,
           s.revision + (SELECT value::bigint FROM grove.setting WHERE name = 'generation') AS revision,
           EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = s.content_id) AS waits
    FROM grove.content_state AS s
    WHERE s.content_id BETWEEN $1 AND $2
), queued AS (
    INSERT INTO grove.outbox (content_id, revision, deleted)
    SELECT k.content_id, nextval('grove.revision_seq'), false
    FROM known AS k
    LEFT JOIN seen AS p ON p.content_id = k.content_id
    WHERE NOT k.waits AND p.revision IS DISTINCT FROM k.revision
    ORDER BY k.content_id
)
SELECT p.content_id, p.revision
FROM seen AS p
LEFT JOIN known AS k ON k.content_id = p.content_id
WHERE k.content_id IS NULL OR p.revision < 0 OR p.revision > k.revision
   OR (p.revision = k.revision AND k.waits)
