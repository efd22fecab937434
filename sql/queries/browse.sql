-- SPDX-License-Identifier: Apache-2.0
-- Navigation: contents under a path, newest first, by keyset pages.
--   $1, $2          the place (parts/of_tree.sql and its like)
--   $3 to $8        parts/bounds.sql
--   $9 timestamp    created_at of the last row of the page before; null: it had none
--   $10 integer      id of that row; null: this is the first page
--   $11 integer     rows at most
-- The columns of hydrate.sql.
-- answers: integer, integer, text, integer, text, text, integer, timestamp, text, text, text, text,
--          text
SELECT m.id, m.leaf_id, m.content_type, m.chunk_number, m.title, m.content_summary, m.word_count,
       m.created_at, m.hierarchy_table, l.tree, l.branch, l.limb, l.leaf
FROM public.content_metadata AS m
JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
-- part: of_*
-- part: bounds
  AND ($10::integer IS NULL
       OR CASE WHEN $9::timestamp IS NULL THEN m.created_at IS NULL AND m.id < $10
               ELSE m.created_at IS NULL OR (m.created_at, m.id) < ($9, $10) END)
ORDER BY m.created_at DESC NULLS LAST, m.id DESC
LIMIT $11
