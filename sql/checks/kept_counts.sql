-- SPDX-License-Identifier: Apache-2.0
-- Check: the kept counts of a leaf and type add up to its contents, and those of a tree and type
-- (sql/README.md, invariant 8). Told by the first content that is counted wrongly; null where there is
-- none of the type.
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
ORDER BY 1, 2
LIMIT $1
