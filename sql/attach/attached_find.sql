-- SPDX-License-Identifier: Apache-2.0
-- Attaching: an attachment by the name of its table.
--   $1 text  its name now, as in SQL, or the one that it was attached by
-- answers: integer
SELECT a.id
FROM grove.attached AS a
LEFT JOIN pg_catalog.pg_trigger AS t ON
-- part: attached_trigger
CROSS JOIN (SELECT
-- part: named_table
            AS oid) AS n
WHERE t.tgrelid = n.oid OR a.source IN ($1, 'public.' || $1)
ORDER BY coalesce(t.tgrelid = n.oid, false) DESC, a.id
LIMIT 1
