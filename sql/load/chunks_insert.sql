-- SPDX-License-Identifier: Apache-2.0
-- Loading a document: new contents, numbered behind those that the leaf has of the type.
--   $1 text       hierarchy table
--   $2 integer    leaf
--   $3 text       content type
--   $4 text[]     titles
--   $5 text[]     summaries
--   $6 integer[]  words
--   $7 timestamp  created at; null: now
-- answers: integer
-- Their ids in their order. Fewer: somebody who does not ask for numbers took some; try again.
WITH last AS (
    SELECT coalesce(max(m.chunk_number), 0) AS number
    FROM public.content_metadata AS m
    WHERE m.hierarchy_table = $1 AND m.leaf_id = $2 AND m.content_type = $3
), inserted AS (
    INSERT INTO public.content_metadata AS m
        (hierarchy_table, leaf_id, content_type, chunk_number, title, content_summary, word_count,
         created_at)
    SELECT $1, $2, $3, last.number + g.place, g.title, g.summary, g.words,
           coalesce($7, LOCALTIMESTAMP)
    FROM unnest($4::text[], $5::text[], $6::integer[]) WITH ORDINALITY
             AS g (title, summary, words, place), last
    ORDER BY g.place
    ON CONFLICT (hierarchy_table, leaf_id, content_type, chunk_number) DO NOTHING
    RETURNING m.id, m.chunk_number
)
SELECT id FROM inserted ORDER BY chunk_number
