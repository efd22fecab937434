-- SPDX-License-Identifier: Apache-2.0
-- Loading a document: contents that it keeps, as far as something differs.
--   $1 integer[]  contents
--   $2 text[]     titles
--   $3 text[]     summaries
--   $4 integer[]  words
--   $5 text       hierarchy table
--   $6 integer    leaf
--   $7 text       content type
--   $8 timestamp  created at; null: as it is
-- answers: integer
-- Those that were changed. What comes to another leaf or type gets numbers behind those that are there.
WITH last AS (
    SELECT coalesce(max(m.chunk_number), 0) AS number
    FROM public.content_metadata AS m
    WHERE m.hierarchy_table = $5 AND m.leaf_id = $6 AND m.content_type = $7
), updated AS (
    UPDATE public.content_metadata AS m
    SET title = g.title,
        content_summary = g.summary,
        word_count = g.words,
        created_at = coalesce($8, m.created_at),
        hierarchy_table = $5,
        leaf_id = $6,
        content_type = $7,
        chunk_number = CASE WHEN (m.hierarchy_table, m.leaf_id, m.content_type) = ($5, $6, $7)
                            THEN m.chunk_number ELSE last.number + g.place END
    FROM unnest($1::integer[], $2::text[], $3::text[], $4::integer[]) WITH ORDINALITY
             AS g (id, title, summary, words, place), last
    WHERE m.id = g.id
      AND (m.title, m.content_summary, m.word_count, m.created_at, m.hierarchy_table, m.leaf_id,
           m.content_type)
          IS DISTINCT FROM
          (g.title, g.summary, g.words, coalesce($8, m.created_at), $5, $6, $7)
    RETURNING m.id
)
SELECT id FROM updated
