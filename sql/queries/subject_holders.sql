-- SPDX-License-Identifier: Apache-2.0
-- Who has had longest what a change of a subject waits for.
--   $1 text     the table of leaves
--   $2 boolean  the lock of changes; else those on tables
-- answers: integer, text, text, double, text
SELECT a.pid, coalesce(nullif(a.application_name, ''), a.backend_type, 'a program'),
       coalesce(a.state, 'unknown'),
       coalesce(extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.state_change)), 0)::float8,
       left(btrim(regexp_replace(coalesce(a.query, ''), '(\s|--[^\n]*(\n|$))+', ' ', 'g')), 120)
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.granted AND l.pid <> pg_backend_pid()
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
  AND CASE WHEN $2::boolean
           THEN l.locktype = 'advisory' AND l.classid = 1 AND l.objid = 3159141624::oid AND l.objsubid = 1
           ELSE l.locktype = 'relation'
                AND l.relation = ANY (ARRAY[to_regclass('public.content_metadata'),
                                            to_regclass('public.' || quote_ident($1::text))]::oid[])
      END
ORDER BY a.xact_start NULLS LAST, a.pid
LIMIT 1
