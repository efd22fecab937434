-- SPDX-License-Identifier: Apache-2.0
-- The names one level below a part of a path that exists: for the hint of an error.
--   $1 text  tree; null: the trees themselves
--   $2 text  branch; null: the branches of the tree
--   $3 text  limb; null: the limbs of the branch
-- answers: text
SELECT DISTINCT name FROM (
    SELECT tree AS name FROM grove.subject WHERE $1::text IS NULL
    UNION ALL
    SELECT CASE WHEN $2::text IS NULL THEN branch WHEN $3::text IS NULL THEN limb ELSE leaf END
    FROM grove.leaf
    WHERE tree = $1
      AND ($2::text IS NULL OR branch = $2)
      AND ($3::text IS NULL OR limb = $3)
) AS names
ORDER BY name
LIMIT 200
