-- SPDX-License-Identifier: Apache-2.0
-- Navigation: the first page of what is under a path, newest first, where nothing else is asked of it.
-- The newest of the tree are looked through first, as many as a third of what the place seems to have,
-- where they can be expected to have a page of it. Where they do not, all of the place are read and
-- sorted. So neither a large place is read for a page, nor a large tree for a small place, and one plan
-- does for all. What a place has is told by the leaves that the first thousand counts are of, and by how
-- many leaves it has, up to ten thousand.
--   $1, $2          the place (parts/of_branch.sql and its like)
--   $3 integer      rows at most
-- The columns of hydrate.sql.
-- answers: integer, integer, text, integer, text, text, integer, timestamp, text, text, text, text,
--          text
WITH newest AS MATERIALIZED (
    SELECT m.*, l.tree, l.branch, l.limb, l.leaf
    FROM (
        SELECT m.id, m.leaf_id, m.content_type, m.chunk_number, m.title, m.content_summary,
               m.word_count, m.created_at, m.hierarchy_table
        FROM public.content_metadata AS m
        WHERE m.hierarchy_table = $1
        ORDER BY m.created_at DESC NULLS LAST, m.id DESC
        LIMIT (SELECT CASE WHEN s.contents * s.contents / 3 >= $3 * t.contents THEN s.contents / 3
                           ELSE 0 END
               FROM (SELECT (sum(k.contents) / count(DISTINCT k.leaf_id)
                             * max(p.leaves))::bigint
                            AS contents
                     FROM (SELECT m.contents, m.leaf_id
-- part: counts_of_*
                           LIMIT 1000) AS k,
                          (SELECT count(*) AS leaves
                           FROM (SELECT FROM grove.leaf AS l
                                 CROSS JOIN LATERAL (SELECT l.hierarchy_table, l.leaf_id) AS m
-- part: of_*
                                 LIMIT 10000) AS found) AS p) AS s,
                    (SELECT sum(c.contents)::bigint AS contents FROM grove.tree_count AS c
                     WHERE c.hierarchy_table = $1) AS t)
    ) AS m
    CROSS JOIN LATERAL (
        SELECT f.tree, f.branch, f.limb, f.leaf, f.branch_id, f.limb_id
        FROM grove.leaf AS f
        WHERE f.hierarchy_table = m.hierarchy_table AND f.leaf_id = m.leaf_id
        OFFSET 0
    ) AS l
-- part: of_*
    LIMIT $3
), enough AS MATERIALIZED (
    SELECT count(*) >= $3 AS so FROM newest
), found AS (
    SELECT n.id, n.leaf_id, n.content_type, n.chunk_number, n.title, n.content_summary,
           n.word_count, n.created_at, n.hierarchy_table, n.tree, n.branch, n.limb, n.leaf
    FROM newest AS n
    WHERE (SELECT e.so FROM enough AS e)
    UNION ALL
    (SELECT m.id, m.leaf_id, m.content_type, m.chunk_number, m.title, m.content_summary,
            m.word_count, m.created_at, m.hierarchy_table, l.tree, l.branch, l.limb, l.leaf
     FROM public.content_metadata AS m
     JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
-- part: of_*
       AND NOT (SELECT e.so FROM enough AS e)
     ORDER BY m.created_at DESC NULLS LAST, m.id DESC
     LIMIT $3)
)
SELECT f.id, f.leaf_id, f.content_type, f.chunk_number, f.title, f.content_summary, f.word_count,
       f.created_at, f.hierarchy_table, f.tree, f.branch, f.limb, f.leaf
FROM found AS f
ORDER BY f.created_at DESC NULLS LAST, f.id DESC
