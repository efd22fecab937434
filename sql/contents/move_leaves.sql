-- SPDX-License-Identifier: Apache-2.0
-- Makes in another tree what leaves there are in this one, under other names as far as these are
-- given.
--   $1 text       hierarchy table that they are in
--   $2 integer[]  the leaves
--   $3 text       hierarchy table that they go to
--   $4 text       the branch there; null: the leaf's own
--   $5 text       the limb; null: the same
--   $6 text       the leaf; null: the same
-- answers: integer[], integer[]
-- The leaves, and those that were made for them, in one order.
WITH old AS MATERIALIZED (
    SELECT l.leaf_id, coalesce($4, l.branch)::text AS branch, coalesce($5, l.limb)::text AS limb,
           coalesce($6, l.leaf)::text AS leaf, l.description::text AS description,
           row_number() OVER (ORDER BY l.leaf_id) AS place
    FROM grove.leaf AS l
    WHERE l.hierarchy_table = $1 AND l.leaf_id = ANY ($2)
), made AS MATERIALIZED (
    SELECT e.place, e.leaf_id
    FROM (SELECT array_agg(o.branch ORDER BY o.place) AS branches,
                 array_agg(o.limb ORDER BY o.place) AS limbs,
                 array_agg(o.leaf ORDER BY o.place) AS leaves,
                 array_agg(o.description ORDER BY o.place) AS descriptions
          FROM old AS o) AS a
    CROSS JOIN LATERAL grove.ensure_leaves($3, a.branches, a.limbs, a.leaves, a.descriptions) AS e
)
SELECT array_agg(o.leaf_id ORDER BY o.place), array_agg(m.leaf_id ORDER BY o.place)
FROM old AS o
JOIN made AS m ON m.place = o.place
