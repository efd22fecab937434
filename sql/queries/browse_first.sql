-- SPDX-License-Identifier: Apache-2.0
-- Navigation: the first page of what is under a path, newest first, where nothing else is asked of it.
-- The newest of the tree are looked through first, where they can be expected to have a page of the place
-- among two thirds as many as it has: twice as many as are expected to do, or a third of what it has, where
-- its rows are older than most. Where they do not, all of the place are read and sorted. So neither a large
-- place is read for a page, nor a large tree for a small place, and one plan does for all.
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
        LIMIT (SELECT CASE WHEN s.contents * s.contents * 2 / 3 >= $3 * t.contents
                           THEN greatest(s.contents / 3,
                                         least(s.contents,
                                               2 * $3 * t.contents / nullif(s.contents, 0)))
                           ELSE 0 END
               FROM (SELECT sum(k.contents)::bigint AS contents
                     FROM (SELECT m.contents
-- part: counts_of_*
                          ) AS k) AS s,
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
    SELECT r.*
    FROM enough AS e
    -- For each row of enough that says so: where none does PostgreSQL starts no workers for nothing.
    CROSS JOIN LATERAL (
        SELECT m.id, m.leaf_id, m.content_type, m.chunk_number, m.title, m.content_summary,
               m.word_count, m.created_at, m.hierarchy_table, l.tree, l.branch, l.limb, l.leaf
        FROM public.content_metadata AS m
        JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
-- part: of_*
        ORDER BY m.created_at DESC NULLS LAST, m.id DESC
        LIMIT CASE WHEN e.so THEN 0 ELSE $3 END
    ) AS r
    WHERE NOT e.so
)
SELECT f.id, f.leaf_id, f.content_type, f.chunk_number, f.title, f.content_summary, f.word_count,
       f.created_at, f.hierarchy_table, f.tree, f.branch, f.limb, f.leaf
FROM found AS f
ORDER BY f.created_at DESC NULLS LAST, f.id DESC
