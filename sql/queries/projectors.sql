-- SPDX-License-Identifier: Apache-2.0
-- What the projectors of this database did, for status: those that live first, and who worked last.
--   $1 float8  in so many seconds the weight of what was done falls to 1/e
-- answers: text, text, text, integer, text, text,
--          integer,
--          timestamp, timestamp, timestamp, double,
--          bigint, bigint, bigint, bigint, bigint, double, double, double, double,
--          double,
--          text, timestamp, double
-- Name, kind, host, process, application, version; 1: its session is there, 2: it has ended, 3: its
-- session is gone, 0: that cannot be told; when it began, worked last and ended, how many seconds ago it
-- worked; points written and removed, texts embedded, rows refused, steps that failed, seconds in
-- PostgreSQL, in the model and in the engine, points a second when it last worked; how much of that is
-- left of it now; how it failed last, when, and how many seconds ago. Rows that came out of a dump or
-- out of a template speak of other servers, or of another database. exp() refuses what is too small.
SELECT t.name, t.kind, t.host, t.process, t.application, t.version, t.state,
       t.began_at, t.worked_at, t.ended_at, t.age,
       t.written, t.removed, t.embedded, t.refused, t.failures,
       t.seconds_database, t.seconds_embedding, t.seconds_vectors, t.rate,
       CASE WHEN t.state IN (0, 1) THEN t.rate * exp(-least(t.age / $1::float8, 100)) ELSE 0 END,
       t.failure, t.failed_at,
       greatest(0, extract(epoch FROM clock_timestamp() - t.failed_at))::float8
FROM (SELECT p.*,
             greatest(0, extract(epoch FROM clock_timestamp() - p.worked_at))::float8 AS age,
             CASE WHEN p.ended_at IS NOT NULL THEN 2
                  WHEN p.session_pid IS NULL THEN 0
                  WHEN grove.session_lives(p.session_pid, p.session_since) THEN 1
                  ELSE 3 END AS state
      FROM grove.projector AS p
      JOIN pg_database AS d ON d.oid = p.database AND d.datname = current_database()
      WHERE p.noted_by = p.xmin) AS t
ORDER BY t.state NOT IN (0, 1), t.worked_at DESC, t.name, t.kind
LIMIT 100
