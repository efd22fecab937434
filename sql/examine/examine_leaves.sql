-- SPDX-License-Identifier: Apache-2.0
-- For each of some contents the vectors of a few rows of its leaf, whichever come first.
--   $1 text       model id
--   $2 integer[]  content ids
--   $3 integer    rows of each at most
-- answers: bigint, bytea
SELECT wanted.position, e.vector
FROM unnest($2::integer[]) WITH ORDINALITY AS wanted (id, position)
JOIN public.content_metadata AS m ON m.id = wanted.id
CROSS JOIN LATERAL (
    SELECT n.id
    FROM public.content_metadata AS n
    WHERE n.hierarchy_table = m.hierarchy_table AND n.leaf_id = m.leaf_id AND n.id >= m.id
    LIMIT $3
) AS near
JOIN grove.embedding AS e ON e.content_id = near.id AND e.model = $1
ORDER BY wanted.position
