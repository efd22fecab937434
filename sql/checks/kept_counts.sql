-- SPDX-License-Identifier: Apache-2.0
-- Check: the kept counts of a leaf and type add up to its contents, and those of a tree and type; once
-- they are counted, those of a branch, or limb, and type as well (sql/README.md, invariant 8). Told by the
-- first content that is counted wrongly; null where there is none of the type.
--   $1 integer  rows at most
-- answers: integer, text
SELECT here.first_id,
       format('%s contents of type "%s" are on leaf %s of %s, and counted as %s',
              coalesce(here.contents, 0), content_type, leaf_id, hierarchy_table,
              coalesce(kept.contents, 0))
FROM (SELECT hierarchy_table, leaf_id, content_type, count(*) AS contents, min(id) AS first_id
      FROM public.content_metadata
      GROUP BY hierarchy_table, leaf_id, content_type) AS here
FULL JOIN (SELECT hierarchy_table, leaf_id, content_type, sum(contents) AS contents
           FROM grove.content_count
           GROUP BY hierarchy_table, leaf_id, content_type) AS kept
    USING (hierarchy_table, leaf_id, content_type)
WHERE coalesce(here.contents, 0) <> coalesce(kept.contents, 0)
UNION ALL
SELECT here.first_id,
       format('%s contents of type "%s" are in %s, and counted as %s',
              coalesce(here.contents, 0), content_type, hierarchy_table, coalesce(kept.contents, 0))
FROM (SELECT hierarchy_table, content_type, count(*) AS contents, min(id) AS first_id
      FROM public.content_metadata
      GROUP BY hierarchy_table, content_type) AS here
FULL JOIN (SELECT hierarchy_table, content_type, sum(contents) AS contents
           FROM grove.tree_count
           GROUP BY hierarchy_table, content_type) AS kept
    USING (hierarchy_table, content_type)
WHERE coalesce(here.contents, 0) <> coalesce(kept.contents, 0)
UNION ALL
SELECT here.first_id,
       format('%s contents of type "%s" are in %s %s, and counted as %s',
              coalesce(here.contents, 0), content_type,
              CASE WHEN number.limb_id = 0 THEN 'branch' ELSE 'limb' END,
              coalesce(nullif(number.limb_id, 0), number.branch_id), coalesce(kept.contents, 0))
FROM (SELECT l.branch_id, coalesce(l.limb_id, 0) AS limb_id, m.content_type, count(*) AS contents,
             min(m.id) AS first_id
      FROM public.content_metadata AS m
      JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
      GROUP BY GROUPING SETS ((l.branch_id, m.content_type),
                              (l.branch_id, l.limb_id, m.content_type))) AS here
FULL JOIN (SELECT branch_id, coalesce(limb_id, 0) AS limb_id, content_type, sum(contents) AS contents
           FROM grove.place_count
           GROUP BY branch_id, coalesce(limb_id, 0), content_type) AS kept
    USING (branch_id, limb_id, content_type)
CROSS JOIN LATERAL (SELECT branch_id, limb_id) AS number
WHERE coalesce(here.contents, 0) <> coalesce(kept.contents, 0)
  AND EXISTS (SELECT FROM grove.setting AS s WHERE s.name = 'counted_places' AND s.value = 'all')
ORDER BY 1, 2
LIMIT $1
