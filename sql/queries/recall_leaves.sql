-- SPDX-License-Identifier: Apache-2.0
-- Leaves to draw queries from, evenly from the smallest to the largest, with some rows of each, in
-- the columns of recall_rows.sql. Leaves of one row tell nothing that the row does not.
--   $1 text         model id
--   $2 integer      leaves at most
--   $3 integer      rows of a leaf at most
-- answers: integer, text, text, text, text, text, text, bigint, timestamp, bytea, bigint, bigint
WITH contents AS (
    -- First, as TRUNCATE of the contents, which then truncates the counts, locks them.
    SELECT * FROM public.content_metadata
), counted AS (
    SELECT hierarchy_table, leaf_id, row_number() OVER sizes AS number, count(*) OVER () AS leaves
    FROM grove.content_count
    GROUP BY hierarchy_table, leaf_id
    HAVING sum(contents) > 1
    WINDOW sizes AS (ORDER BY sum(contents), hierarchy_table, leaf_id)
), chosen AS (
    SELECT hierarchy_table, leaf_id, number
    FROM counted
    WHERE number * $2::integer / leaves <> (number - 1) * $2::integer / leaves
)
SELECT m.id, l.tree, l.branch, l.limb, l.leaf, m.content_type, m.title, m.word_count::bigint,
       m.created_at, e.vector,
       s.revision + (SELECT value::bigint FROM grove.setting WHERE name = 'generation'), chosen.number AS leaf_number
FROM chosen
CROSS JOIN LATERAL (
    SELECT *
    FROM contents AS c
    WHERE c.hierarchy_table = chosen.hierarchy_table AND c.leaf_id = chosen.leaf_id
      AND NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = c.id)
    LIMIT $3
) AS m
JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
JOIN grove.content_state AS s ON s.content_id = m.id
JOIN grove.embedding AS e ON e.content_id = m.id AND e.model = $1
ORDER BY chosen.number, m.id
