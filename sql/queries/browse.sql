-- SPDX-License-Identifier: Apache-2.0
-- Navigation: contents of some leaves, newest first, by keyset pages.
--   $1 text         hierarchy table
--   $2 integer[]    its leaves
--   $3 text[]       content types; null: any
--   $4 timestamp    created at or after; null: any
--   $5 timestamp    created before; null: any
--   $6 integer      words at least; null: any
--   $7 integer      words at most; null: any
--   $8 timestamp    created_at of the last row of the page before; null: it had none
--   $9 integer      id of that row; null: this is the first page
--   $10 integer     rows at most
-- The columns of hydrate.sql.
-- answers: integer, integer, text, integer, text, text, integer, timestamp, text, text, text, text,
--          text
SELECT page.*, l.hierarchy_table, l.tree, l.branch, l.limb, l.leaf
FROM (
    SELECT m.id, m.leaf_id, m.content_type, m.chunk_number, m.title, m.content_summary,
           m.word_count, m.created_at
    FROM public.content_metadata AS m
    WHERE m.hierarchy_table = $1
      AND m.leaf_id = ANY ($2)
      AND ($3::text[] IS NULL OR m.content_type = ANY ($3))
      AND ($4::timestamp IS NULL OR m.created_at >= $4)
      AND ($5::timestamp IS NULL OR m.created_at < $5)
      AND ($6::integer IS NULL OR m.word_count >= $6)
      AND ($7::integer IS NULL OR m.word_count <= $7)
      AND ($9::integer IS NULL
           OR CASE WHEN $8::timestamp IS NULL THEN m.created_at IS NULL AND m.id < $9
                   ELSE m.created_at IS NULL OR (m.created_at, m.id) < ($8, $9) END)
    ORDER BY m.created_at DESC NULLS LAST, m.id DESC
    LIMIT $10
) AS page
JOIN grove.leaf AS l ON l.hierarchy_table = $1 AND l.leaf_id = page.leaf_id
ORDER BY page.created_at DESC NULLS LAST, page.id DESC
