-- SPDX-License-Identifier: Apache-2.0
-- The names one level below a part of a path that exists, those first that are likely to be meant:
-- for the hint of an error.
--   $1 text  tree; null: the trees themselves
--   $2 text  branch; null: the branches of the tree
--   $3 text  limb; null: the limbs of the branch
--   $4 text  the name that is looked for
--   $5 int4  at most so many
-- Columns: the name, how many there are, whether the one that is looked for is among them.
-- answers: text, bigint, boolean
SELECT name, count(*) OVER () AS names, bool_or(name = $4) OVER () AS known
FROM (
    SELECT DISTINCT name FROM (
        SELECT tree AS name FROM grove.subject WHERE $1::text IS NULL
        UNION ALL
        SELECT CASE WHEN $2::text IS NULL THEN branch WHEN $3::text IS NULL THEN limb ELSE leaf END
        FROM grove.leaf
        WHERE tree = $1
          AND ($2::text IS NULL OR branch = $2)
          AND ($3::text IS NULL OR limb = $3)
    ) AS listed
) AS names
ORDER BY lower(left(name, 1)) = lower(left($4, 1)) DESC, abs(length(name) - length($4)), name
LIMIT $5
