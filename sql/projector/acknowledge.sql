-- SPDX-License-Identifier: Apache-2.0
-- Ends a batch that the vector engine was told, and then asked about.
--   $1 integer[]  content ids
--   $2 bigint[]   the revisions of the contents that were applied; for a removed content, the one it
--                 was removed at
--   $3 integer[]  1 where the engine was seen to be so afterwards: it holds this revision, or no
--                 point of a removed content
--   $4 text       who held the lease
--   $5 bigint[]   the revisions of points that were seen there; 0: a point without one, -1: no point
--   $6 bigint     the generation in which they were applied
--   $7 text       the history whose projection the collection was seen to be, before it was written to
-- Of contents that are still leased by us the row that we leased is done, whatever its revision:
-- what was applied was read after it was there. So is every row of no later revision than was
-- applied. Rows of a later one stay: they came after we read.
-- Rows that another has leased by now are handed back: that projector may have written before our
-- late write won, and is not to take them for done. What was not seen to be there stays leased:
-- put_back.sql comes next.
-- Of another generation than the database's nothing is done: those vectors are of another model. Our
-- rows are handed back. Nor is anything done while the model is being changed. A content that was
-- inserted since that change looked for contents would leave the outbox with a vector of the old
-- model, and nobody would know. So each acknowledgment holds a lock against it until it is committed,
-- and waits for none; and it reads the generation in the row that it locks, whatever its snapshot.
-- Of another history nothing is done either: what was written may be in a collection that is the
-- database's no more. The history is read as the generation is.
-- What is done bears witness: an engine that is an older copy will not hold it (sql/lineage). Of two
-- acknowledgments at once one is enough.
-- The outbox is mostly empty when PostgreSQL counts it: what is done is found in a hash table (IS TRUE
-- keeps it from being joined), and what was written in the arrays, whatever plan there is.
-- A search that finds another number than before knows that rows may have left the outbox in between
-- (queries/moment.sql).
-- Answers with what is done (1), handed back that another had leased (2) or we had (4), and late (3):
-- contents whose outbox row somebody else finished while ours was under way (our lease had run out),
-- and of which the engine was seen to hold something else than PostgreSQL has. again.sql puts them in
-- again.
-- answers: integer, integer
WITH written AS (
    SELECT u.content_id, u.seen FROM unnest($1::integer[], $5::bigint[]) AS u (content_id, seen)
), generation AS MATERIALIZED (
    SELECT s.value::bigint AS number
    FROM grove.setting AS s, grove.lineage AS l
    WHERE s.name = 'generation' AND l.history = $7
      AND (SELECT pg_try_advisory_xact_lock_shared(7454108921))
    FOR SHARE OF s, l SKIP LOCKED
), same AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM generation WHERE number = $6) AS generation
), held AS MATERIALIZED (
    SELECT o.content_id, o.revision, o.lease_owner, array_position($1::integer[], o.content_id) AS place
    FROM grove.outbox AS o
    WHERE o.content_id = ANY ($1)
    ORDER BY o.content_id, o.revision
    FOR UPDATE SKIP LOCKED
), drawn AS MATERIALIZED (
    SELECT nextval('grove.acknowledged_seq') AS number
), finished AS MATERIALIZED (
    SELECT h.content_id, h.revision
    FROM held AS h
    WHERE ($3::integer[])[h.place] = 1
      AND (SELECT generation FROM same)
      AND (h.content_id IN (SELECT content_id FROM held WHERE lease_owner = $4)) IS TRUE
      AND (h.lease_owner = $4 OR h.revision <= ($2::bigint[])[h.place])
), done AS (
    DELETE FROM grove.outbox AS o
    WHERE o.content_id = ANY ($1)
      AND ((o.content_id, o.revision) IN (SELECT content_id, revision FROM finished)) IS TRUE
      AND (SELECT number FROM drawn) > 0
    RETURNING o.content_id, ($5::bigint[])[array_position($1, o.content_id)] AS seen
), witness AS MATERIALIZED (
    SELECT is_one FROM grove.witness FOR UPDATE SKIP LOCKED
), witnessed AS (
    UPDATE grove.witness AS w
    SET (content_ids, revisions) = (
        SELECT array_agg(d.content_id), array_agg(d.seen)
        FROM (SELECT DISTINCT content_id, seen FROM done) AS d)
    FROM witness
    WHERE w.is_one = witness.is_one AND EXISTS (SELECT FROM done)
), handed_back AS (
    UPDATE grove.outbox AS o
    SET lease_owner = NULL, lease_until = NULL, lease_pid = NULL, lease_session = NULL,
        not_before = clock_timestamp()
            + CASE WHEN h.lease_owner = $4 THEN 500 ELSE 0 END * interval '1 millisecond'
    FROM held AS h
    WHERE (h.lease_owner <> $4 OR (h.lease_owner = $4 AND NOT (SELECT generation FROM same)))
      AND o.content_id = h.content_id
      AND o.revision = h.revision
    RETURNING o.content_id, CASE WHEN h.lease_owner = $4 THEN 4 ELSE 2 END AS kind
)
SELECT DISTINCT 1, content_id FROM done
UNION ALL
SELECT DISTINCT kind, content_id FROM handed_back
UNION ALL
SELECT 3, w.content_id
FROM written AS w
LEFT JOIN grove.content_state AS s ON s.content_id = w.content_id
WHERE NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = w.content_id)
  AND coalesce(s.revision + (SELECT value::bigint FROM grove.setting WHERE name = 'generation'), -1)
      <> w.seen
