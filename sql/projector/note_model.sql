-- SPDX-License-Identifier: Apache-2.0
-- Notes which model the database is to have next (sql/model_change.md).
--   $1 text  model id
-- answers: boolean
-- Second in its transaction, after the lock that keeps other changes of the model out. Where the
-- database has this model a change to another one is given up; where a change to this one is under
-- way it goes on from where it is.
-- Whether the database has it already.
WITH has AS MATERIALIZED (
    SELECT s.value = $1::text AS it FROM grove.setting AS s WHERE s.name = 'model'
), given_up AS (
    DELETE FROM grove.setting AS s USING has
    WHERE s.name IN ('next_model', 'next_model_at') AND has.it
), noted AS (
    INSERT INTO grove.setting AS s (name, value)
    SELECT n.name, n.value
    FROM has, (VALUES ('next_model', $1::text), ('next_model_at', '1 -1 0 0')) AS n (name, value)
    WHERE NOT has.it
      AND NOT EXISTS (SELECT FROM grove.setting AS g WHERE g.name = 'next_model' AND g.value = $1::text)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = clock_timestamp()
)
SELECT has.it FROM has
