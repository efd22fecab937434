-- SPDX-License-Identifier: Apache-2.0
-- Attaching: which columns of a table a condition is made of, by a view that has been made of it. None:
-- it cannot be told.
--   $1 bigint  the table
-- answers: text
SELECT DISTINCT a.attname
FROM pg_catalog.pg_rewrite AS r
JOIN pg_catalog.pg_depend AS d
    ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
   AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = $1::bigint::oid
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE r.ev_class = to_regclass('pg_temp.grove_condition') AND d.refobjsubid > 0
