-- SPDX-License-Identifier: Apache-2.0
-- The contents m that satisfy a predicate, as PostgreSQL decides it (src/query/predicate.h). Planned
-- for this very place each time: then the leaves l are joined only where numbers of theirs are asked
-- for, and from the side that has fewer rows. A plan for any place could do neither.
--   $1 text         hierarchy table; null: any
--   $2 integer[]    the numbers of branch, limb and leaf, as far as the path goes; null: any
--   $3 to $8        parts/bounds.sql
FROM public.content_metadata AS m
LEFT JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
WHERE ($1::text IS NULL OR m.hierarchy_table = $1)
  AND ($2::integer[] IS NULL OR $2[3] IS NOT NULL OR l.branch_id = $2[1])
  AND ($2[2] IS NULL OR $2[3] IS NOT NULL OR l.limb_id = $2[2])
  AND ($2[3] IS NULL OR m.leaf_id = $2[3])
-- part: bounds
