-- SPDX-License-Identifier: Apache-2.0
-- Attachments that are gone while their functions are there, as after a restore to a moment before: the
-- triggers of their tables still note what nobody takes in.
--   $1 text  of this table; null: all
-- answers: integer, text
-- The attachment, and its tables; null: none has the triggers any more.
SELECT f.id, string_agg(DISTINCT format('%I.%I', n.nspname, c.relname), ', ')
FROM (SELECT p.oid, substr(p.proname, 10)::integer AS id
      FROM pg_catalog.pg_proc AS p
      WHERE p.pronamespace = 'grove'::regnamespace AND p.proname ~ '^attached_\d{1,9}$'
        AND pg_has_role(p.proowner, 'USAGE')) AS f
LEFT JOIN pg_catalog.pg_trigger AS t ON t.tgfoid = f.oid
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE NOT EXISTS (SELECT FROM grove.attached AS a WHERE a.id = f.id)
GROUP BY f.id
HAVING $1::text IS NULL OR bool_or(c.oid =
-- part: named_table
       )
ORDER BY f.id
