-- SPDX-License-Identifier: Apache-2.0
-- Why a write to trees may have failed: the first of them that takes no contents any more, and whether
-- it is gone. One that is being removed is missing in the CHECK that is to come.
--   $1 text[]  trees; null: not known
--   $2 text[]  their tables
--   $3 text    what PostgreSQL said, which names the table as a rule
-- answers: text, boolean
SELECT coalesce(s.tree, u.tree, regexp_replace(u.leaves, '_hierarchy$', '')),
       s.hierarchy_table IS NULL
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u (tree, leaves, place)
LEFT JOIN grove.subject AS s ON s.hierarchy_table = u.leaves
WHERE s.hierarchy_table IS NULL
   OR EXISTS (SELECT FROM pg_catalog.pg_constraint AS c
              WHERE c.conrelid = 'public.content_metadata'::regclass
                AND c.conname = 'valid_hierarchy_table_next'
                AND strpos(pg_get_constraintdef(c.oid), quote_literal(u.leaves)) = 0)
ORDER BY strpos($3::text, u.leaves) = 0, u.place
LIMIT 1
