-- SPDX-License-Identifier: Apache-2.0
--
-- The search path begins with a schema of the role's own name. For a role named grove, which the
-- private database's is, that is schema grove: tables that users make would land among ours. Only
-- that role in this database gets another path, and only where nobody has given it one. Who may not
-- alter that role goes on without: nothing of grove depends on it.
DO $$
BEGIN
    IF to_regrole('grove') IS NOT NULL
       AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_db_role_setting AS s, unnest(s.setconfig) AS setting
           WHERE setting LIKE 'search_path=%'
             AND s.setrole = to_regrole('grove')
             AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database
                                       WHERE datname = current_database())))
    THEN
        EXECUTE format('ALTER ROLE grove IN DATABASE %I SET search_path = public',
                       current_database());
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'the search path of the role grove stays as it is: %', SQLERRM;
END $$;
