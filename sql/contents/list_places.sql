-- SPDX-License-Identifier: Apache-2.0
-- What there is at one level of the trees, under a place: with how many branches, limbs, leaves and
-- contents. From the counts that are kept, without a look at the contents.
--   $1 text       hierarchy table; null: all trees
--   $2 integer[]  the numbers of branch, limb and leaf, as far as the path goes; null: any
--   $3 text[]     content types that are counted; null: all
--   $4 integer    the level: 0 trees, 1 branches, 2 limbs, 3 leaves
-- answers: text, text, text, text, bigint, bigint, bigint, bigint
-- Names below the level are null. A tree without leaves is there all the same.
SELECT s.tree,
       CASE WHEN $4 >= 1 THEN l.branch END AS branch,
       CASE WHEN $4 >= 2 THEN l.limb END AS limb,
       CASE WHEN $4 >= 3 THEN l.leaf END AS leaf,
       count(DISTINCT l.branch_id), count(DISTINCT l.limb_id), count(DISTINCT l.leaf_id),
       coalesce(sum(k.contents), 0)::bigint
FROM grove.subject AS s
LEFT JOIN grove.leaf AS l
       ON l.hierarchy_table = s.hierarchy_table
-- part: numbers
LEFT JOIN grove.content_count AS k
       ON k.hierarchy_table = l.hierarchy_table AND k.leaf_id = l.leaf_id
      AND ($3::text[] IS NULL OR k.content_type = ANY ($3))
WHERE $1::text IS NULL OR s.hierarchy_table = $1
GROUP BY 1, 2, 3, 4
HAVING $4 = 0 OR count(l.leaf_id) > 0
ORDER BY 1, 2, 3, 4
