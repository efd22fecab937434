-- SPDX-License-Identifier: Apache-2.0
-- Who has had longest what a change of a subject waits for.
--   $1 text     the table of leaves
--   $2 boolean  the lock of changes; else those on tables
-- answers: text
-- Of other roles' sessions PostgreSQL shows no more than that they are there.
SELECT format('process %s (%s), %s', a.pid, coalesce(nullif(a.application_name, ''), a.backend_type, 'a program'),
              CASE WHEN a.state IS NULL THEN 'what it does this role may not see'
                   ELSE format('%s for %s s: %s', a.state,
                               round(coalesce(extract(epoch FROM clock_timestamp()
                                                      - coalesce(a.xact_start, a.state_change)), 0), 1),
                               left(btrim(regexp_replace(coalesce(a.query, ''),
                                                         '(\s|--[^\n]*(\n|$))+', ' ', 'g')), 120)) END)
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.granted AND l.pid <> pg_backend_pid()
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
  AND CASE WHEN $2::boolean
           THEN l.locktype = 'advisory' AND l.classid = 1 AND l.objid = 3159141624::oid AND l.objsubid = 1
           ELSE l.locktype = 'relation'
                AND l.relation = ANY (ARRAY[to_regclass('public.content_metadata'),
                                            to_regclass('public.' || quote_ident($1::text))]::oid[])
                -- Of whoever takes rows of attached tables in.
                OR l.locktype = 'advisory' AND l.objsubid = 1
                AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended('grove attached', 22)
      END
ORDER BY a.xact_start NULLS LAST, a.pid
LIMIT 1
