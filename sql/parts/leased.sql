-- SPDX-License-Identifier: Apache-2.0
-- Takes the contents of `wanted`, for one projector. All rows of a content are taken, or it is left:
-- a row that somebody has locked or leased is that of another projector. Of several rows one stays,
-- with the fewest attempts, and says whether the content is gone; the others said the same. The
-- generation is that of the model that the statement has found. Whatever the plan, the rows come in
-- the order of their contents. The outbox is mostly empty when PostgreSQL counts it: what is to be found
-- there is found by sorted arrays, since a join of a row that is expected becomes one of all with all.
--   $2 text       who takes them
--   $3 integer    for how many milliseconds
--   $5 integer    the server process that the projector's connection was told (parts/session.sql); where
--                 its end says nothing a lease names none, and ends at its time
-- A lease is flushed, and with it all that was committed before, where commits are not
-- (synchronous_commit is off). Otherwise a crash of PostgreSQL could take back a change that the
-- vector engine has, and the row that would have it looked at again. The setting is that of this
-- transaction only.
, held AS MATERIALIZED (
    SELECT o.content_id, o.revision, o.attempts
    FROM grove.outbox AS o
    WHERE o.content_id = ANY (ARRAY(SELECT content_id FROM wanted))
      AND (o.lease_owner IS NULL OR NOT grove.is_leased(o.lease_until, o.lease_pid,
                                                        o.lease_session, clock_timestamp()))
    ORDER BY o.content_id, o.revision
    FOR UPDATE SKIP LOCKED
), whole AS MATERIALIZED (
    SELECT h.content_id, max(h.revision) AS revision, min(h.attempts) AS attempts
    FROM held AS h
    GROUP BY h.content_id
    HAVING count(*) = (SELECT count(*) FROM grove.outbox AS o WHERE o.content_id = h.content_id)
), taking AS MATERIALIZED (
    SELECT array_agg(content_id ORDER BY content_id) AS content_ids,
           array_agg(revision ORDER BY content_id) AS revisions,
           array_agg(attempts ORDER BY content_id) AS attempts
    FROM whole
), session AS (
-- part: session
), flushed AS MATERIALIZED (
    SELECT set_config('synchronous_commit', CASE c.setting WHEN 'off' THEN 'on' ELSE c.setting END,
                      true) AS setting
    FROM current_setting('synchronous_commit') AS c (setting)
), merged AS (
    DELETE FROM grove.outbox AS o
    USING taking AS t
    WHERE o.content_id = ANY (t.content_ids)
      AND o.revision < t.revisions[width_bucket(o.content_id, t.content_ids)]
), taken AS (
    UPDATE grove.outbox AS o
    SET lease_owner = $2,
        lease_until = clock_timestamp() + $3 * interval '1 millisecond',
        (lease_pid, lease_session) = (SELECT pid, backend_start FROM session),
        dead_since = NULL,
        attempts = t.attempts[width_bucket(o.content_id, t.content_ids)],
        deleted = NOT EXISTS (SELECT FROM grove.content_state AS s WHERE s.content_id = o.content_id)
    FROM taking AS t
    WHERE o.content_id = ANY (t.content_ids)
      AND o.revision = t.revisions[width_bucket(o.content_id, t.content_ids)]
      AND (SELECT setting FROM flushed) <> ''
    RETURNING o.content_id, o.revision,
              (SELECT s.value::bigint FROM grove.setting AS s WHERE s.name = 'generation') AS generation
)
SELECT t.content_id, t.revision, t.generation
FROM taken AS t
ORDER BY t.content_id
