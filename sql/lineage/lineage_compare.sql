-- SPDX-License-Identifier: Apache-2.0
-- Compares a page of points with the contents whose ids lie in its range. What the engine lacks, or
-- has at another revision, goes into the outbox. Answers with the points that are to be taken out:
-- of contents that do not exist, and those that a write could lose to, or be taken for done by.
--   $1 bigint     the first id of the range
--   $2 bigint     the last
--   $3 integer[]  ids of the points in it
--   $4 bigint[]   their revisions; -1: none
--   $5 text       collection
-- answers: integer, bigint
-- One row more, without an id: how many went into the outbox. What was known of the collection's graph
-- (parts/set_aside.sql) goes in the same moment where anything differs; else it says how far it was
-- compared without a gap.
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
    RETURNING content_id
), taken AS MATERIALIZED (
    SELECT p.content_id, p.revision
    FROM seen AS p
    LEFT JOIN known AS k ON k.content_id = p.content_id
    WHERE k.content_id IS NULL OR p.revision < 0 OR p.revision > k.revision
       OR (p.revision = k.revision AND k.waits)
), differing AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM queued) OR EXISTS (SELECT FROM taken) AS is_so
), thrown_away AS (
    DELETE FROM grove.examination AS x USING differing AS d
    WHERE d.is_so AND x.collection = $5 AND x.graph LIKE 'doubted:%'
), kept AS (
    UPDATE grove.examination AS x
    SET graph = 'doubted:' || ($2 + 1)
                || substr(x.graph, length('doubted:' || $1::text) + 1)
    FROM differing AS d
    WHERE NOT d.is_so AND x.collection = $5 AND x.graph LIKE 'doubted:' || $1::text || ':%'
)
SELECT NULL::integer AS content_id, (SELECT count(*) FROM queued) AS revision
UNION ALL
SELECT t.content_id, t.revision FROM taken AS t
