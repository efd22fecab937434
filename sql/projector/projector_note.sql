-- SPDX-License-Identifier: Apache-2.0
-- Notes what one projector did, all of it each time. Nobody waits for the commit to be flushed: the
-- setting is that of this transaction only.
--   $1 text      name of the handle: host/process/number
--   $2 text      what it is
--   $3 text      version
--   $4 bigint[]  points written and removed, texts embedded, rows refused, steps that failed
--   $5 integer   the server process that its connection was told (parts/session.sql)
--   $6 float8[]  seconds in PostgreSQL, in the model, in the engine
--   $7 float8    points a second, when it last worked
--   $8 float8    how many seconds ago it began
--   $9 float8    worked last
--   $10 float8   failed last; null: never
--   $11 text     how; null: it never did
--   $12 boolean  it has ended
WITH unflushed AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true) AS setting, clock_timestamp() AS now
), session AS (
-- part: session
)
INSERT INTO grove.projector AS p (
    name, kind, host, process, application, version, session_pid, session_since, began_at, worked_at,
    ended_at, written, removed, embedded, refused, failures, seconds_database, seconds_embedding,
    seconds_vectors, rate, failure, failed_at, noted_by, database)
SELECT $1::text, $2::text, split_part($1::text, '/', 1), split_part($1::text, '/', 2)::integer,
       current_setting('application_name'), $3::text, s.pid, s.backend_start,
       u.now - $8::float8 * interval '1 second', u.now - $9::float8 * interval '1 second',
       CASE WHEN $12::boolean THEN u.now END,
       ($4::bigint[])[1], ($4::bigint[])[2], ($4::bigint[])[3], ($4::bigint[])[4], ($4::bigint[])[5],
       ($6::float8[])[1], ($6::float8[])[2], ($6::float8[])[3], $7::float8,
       left($11::text, 500), u.now - $10::float8 * interval '1 second',
       pg_current_xact_id()::xid, d.oid
FROM unflushed AS u
JOIN pg_database AS d ON d.datname = current_database()
LEFT JOIN session AS s ON true
WHERE u.setting = 'off'
  AND ((SELECT count(*) FROM grove.projector) < 100
       OR EXISTS (SELECT FROM grove.projector AS o WHERE o.name = $1::text AND o.kind = $2::text))
ON CONFLICT (name, kind) DO UPDATE
SET session_pid = excluded.session_pid, session_since = excluded.session_since,
    worked_at = excluded.worked_at, ended_at = excluded.ended_at,
    written = excluded.written, removed = excluded.removed, embedded = excluded.embedded,
    refused = excluded.refused, failures = excluded.failures,
    seconds_database = excluded.seconds_database, seconds_embedding = excluded.seconds_embedding,
    seconds_vectors = excluded.seconds_vectors, rate = excluded.rate,
    failure = excluded.failure, failed_at = excluded.failed_at,
    noted_by = excluded.noted_by, database = excluded.database
