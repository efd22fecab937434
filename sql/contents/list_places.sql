-- SPDX-License-Identifier: Apache-2.0
-- What there is at one level of the trees, under a place: with how many branches, limbs, leaves and
-- contents. From the counts that are kept, without a look at the contents.
--   $1 text       hierarchy table; null: all trees
--   $2 integer[]  the numbers of branch, limb and leaf, as far as the path goes; null: any
--   $3 text[]     content types that are counted; null: all
--   $4 integer    the level: 0 trees, 1 branches, 2 limbs, 3 leaves; below the place, or a leaf itself
-- answers: text, text, text, text, bigint, bigint, bigint, bigint
-- Names below the level are null. A tree without leaves is there all the same. Planned for the very level.
WITH counted AS MATERIALIZED (
    SELECT
-- part: places_counted
           AS so
), limbs AS (
    SELECT l.hierarchy_table, l.branch_id, l.limb_id, CASE WHEN $4 >= 3 THEN l.leaf_id END AS leaf_id,
           count(*) AS leaves
    FROM grove.leaf AS l
    WHERE ($1::text IS NULL OR l.hierarchy_table = $1)
-- part: numbers
    GROUP BY 1, 2, 3, 4
), places AS (
    SELECT l.hierarchy_table, CASE WHEN $4 >= 1 THEN l.branch_id END AS branch_id,
           CASE WHEN $4 >= 2 THEN l.limb_id END AS limb_id, l.leaf_id,
           count(DISTINCT l.branch_id) AS branches, count(DISTINCT l.limb_id) AS limbs,
           sum(l.leaves)::bigint AS leaves
    FROM limbs AS l
    GROUP BY 1, 2, 3, 4
)
SELECT s.tree, b.branch, m.limb,
       (SELECT f.leaf FROM grove.leaf AS f
        WHERE f.hierarchy_table = p.hierarchy_table AND f.leaf_id = p.leaf_id),
       coalesce(p.branches, 0), coalesce(p.limbs, 0), coalesce(p.leaves, 0),
       coalesce(CASE
           WHEN $4 = 3 THEN
               (SELECT sum(k.contents)
                FROM grove.content_count AS k
                WHERE k.hierarchy_table = p.hierarchy_table AND k.leaf_id = p.leaf_id
                  AND ($3::text[] IS NULL OR k.content_type = ANY ($3)))
           WHEN $4 > 0 AND NOT (SELECT c.so FROM counted AS c) THEN
               (SELECT sum(k.contents)
                FROM grove.leaf AS f
                JOIN grove.content_count AS k
                    ON k.hierarchy_table = f.hierarchy_table AND k.leaf_id = f.leaf_id
                WHERE f.branch_id = p.branch_id AND ($4 = 1 OR f.limb_id = p.limb_id)
                  AND ($3::text[] IS NULL OR k.content_type = ANY ($3)))
           WHEN $4 > 0 THEN
               (SELECT sum(k.contents)
                FROM grove.place_count AS k
                WHERE k.branch_id = p.branch_id
                  AND (k.limb_id = p.limb_id OR ($4 = 1 AND k.limb_id IS NULL))
                  AND ($3::text[] IS NULL OR k.content_type = ANY ($3)))
           ELSE
               (SELECT sum(k.contents)
                FROM grove.tree_count AS k
                WHERE k.hierarchy_table = s.hierarchy_table
                  AND ($3::text[] IS NULL OR k.content_type = ANY ($3)))
       END, 0)::bigint
FROM grove.subject AS s
LEFT JOIN places AS p ON p.hierarchy_table = s.hierarchy_table
LEFT JOIN grove.branch AS b ON b.branch_id = p.branch_id
LEFT JOIN grove.limb AS m ON m.limb_id = p.limb_id
WHERE ($1::text IS NULL OR s.hierarchy_table = $1)
  AND ($4 = 0 OR p.leaves > 0)
ORDER BY 1, 2, 3, 4
