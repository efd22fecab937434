-- SPDX-License-Identifier: Apache-2.0
-- Loading: inserts contents, or updates those that differ.
--   $1 text[]       hierarchy tables
--   $2 integer[]    leaf ids
--   $3 text[]       content types
--   $4 integer[]    chunk numbers
--   $5 text[]       titles
--   $6 text[]       summaries
--   $7 integer[]    word counts
--   $8 timestamp[]  created at; null: as it is, or now
-- answers: integer, boolean, boolean
-- One row for each, in their order: its id, whether it was there, whether it was written. A null
-- id: somebody else inserted the same content just now; try again.
WITH given AS (
    SELECT g.*, old.id AS old_id,
           coalesce(g.created_given, old.created_at, LOCALTIMESTAMP) AS created_at
    FROM unnest($1::text[], $2::integer[], $3::text[], $4::integer[], $5::text[], $6::text[],
                $7::integer[], $8::timestamp[]) WITH ORDINALITY
             AS g (hierarchy_table, leaf_id, content_type, chunk_number, title, content_summary,
                   word_count, created_given, place)
    LEFT JOIN public.content_metadata AS old
           ON old.hierarchy_table = g.hierarchy_table
          AND old.leaf_id = g.leaf_id
          AND old.content_type = g.content_type
          AND old.chunk_number = g.chunk_number
), written AS (
    INSERT INTO public.content_metadata AS m
        (hierarchy_table, leaf_id, content_type, chunk_number, title, content_summary, word_count,
         created_at)
    SELECT hierarchy_table, leaf_id, content_type, chunk_number, title, content_summary,
           word_count, created_at
    FROM given
    ORDER BY hierarchy_table, leaf_id, content_type, chunk_number
    ON CONFLICT (hierarchy_table, leaf_id, content_type, chunk_number) DO UPDATE
    SET title = excluded.title,
        content_summary = excluded.content_summary,
        word_count = excluded.word_count,
        created_at = excluded.created_at
    WHERE (m.title, m.content_summary, m.word_count, m.created_at)
          IS DISTINCT FROM
          (excluded.title, excluded.content_summary, excluded.word_count, excluded.created_at)
    RETURNING m.id, m.hierarchy_table, m.leaf_id, m.content_type, m.chunk_number
)
SELECT coalesce(w.id, g.old_id), g.old_id IS NOT NULL, w.id IS NOT NULL
FROM given AS g
LEFT JOIN written AS w
       ON w.hierarchy_table = g.hierarchy_table
      AND w.leaf_id = g.leaf_id
      AND w.content_type = g.content_type
      AND w.chunk_number = g.chunk_number
ORDER BY g.place
