-- SPDX-License-Identifier: Apache-2.0
-- Whoever takes rows of attached tables in is alone, until the transaction ends.
--   $1 integer  milliseconds to wait for a lock that others have
-- answers: boolean, text
-- False: another is at it. It waits for half the time at most after which PostgreSQL looks for a deadlock:
-- so that it has given up before a writer is chosen to end one.
SELECT pg_try_advisory_xact_lock(hashtextextended('grove attached', 22)),
       set_config('lock_timeout',
                  greatest(1, least($1::integer,
                                    extract(epoch FROM current_setting('deadlock_timeout')::interval)
                                    * 500))::integer::text,
                  true)
