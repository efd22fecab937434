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
-- answers: integer, boolean, boolean, text
-- One row for each, in their order: its id, whether it was there, whether it was written, and of
-- which document it is a chunk (null: of none). A null id: somebody else inserted, changed or deleted
-- the same content just now; try again.
-- Only what is not there is inserted: an insert draws an id, also where it comes to nothing, and
-- there are no more than two thousand million. Rows are locked in the order of their keys, those
-- that are there before any is inserted, so that two loads cannot lock each other out.
WITH given AS (
    SELECT g.*, old.id AS old_id, old.title AS old_title, old.content_summary AS old_summary,
           old.word_count AS old_word_count, old.created_at AS old_created_at,
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
), differing AS MATERIALIZED (
    SELECT m.id
    FROM public.content_metadata AS m
    JOIN given AS g ON g.old_id = m.id
    WHERE (m.title, m.content_summary, m.word_count, m.created_at)
          IS DISTINCT FROM (g.title, g.content_summary, g.word_count, g.created_at)
    ORDER BY m.hierarchy_table, m.leaf_id, m.content_type, m.chunk_number
    FOR NO KEY UPDATE OF m
), updated AS (
    UPDATE public.content_metadata AS m
    SET title = g.title,
        content_summary = g.content_summary,
        word_count = g.word_count,
        created_at = g.created_at
    FROM given AS g
    WHERE m.id = g.old_id AND m.id IN (SELECT id FROM differing)
    RETURNING m.id
), inserted AS (
    INSERT INTO public.content_metadata AS m
        (hierarchy_table, leaf_id, content_type, chunk_number, title, content_summary, word_count,
         created_at)
    SELECT hierarchy_table, leaf_id, content_type, chunk_number, title, content_summary,
           word_count, created_at
    FROM given
    WHERE old_id IS NULL AND (SELECT count(*) FROM differing) >= 0
    ORDER BY hierarchy_table, leaf_id, content_type, chunk_number
    ON CONFLICT (hierarchy_table, leaf_id, content_type, chunk_number) DO NOTHING
    RETURNING m.id, m.hierarchy_table, m.leaf_id, m.content_type, m.chunk_number
)
SELECT CASE WHEN g.old_id IS NULL THEN i.id
            WHEN u.id IS NOT NULL
                 OR (g.title, g.content_summary, g.word_count, g.created_at)
                    IS NOT DISTINCT FROM
                    (g.old_title, g.old_summary, g.old_word_count, g.old_created_at)
            THEN g.old_id END,
       g.old_id IS NOT NULL,
       i.id IS NOT NULL OR u.id IS NOT NULL,
       (SELECT d.key
        FROM grove.chunk AS c
        JOIN grove.document AS d ON d.id = c.document_id
        WHERE c.content_id = g.old_id)
FROM given AS g
LEFT JOIN updated AS u ON u.id = g.old_id
LEFT JOIN inserted AS i
       ON i.hierarchy_table = g.hierarchy_table
      AND i.leaf_id = g.leaf_id
      AND i.content_type = g.content_type
      AND i.chunk_number = g.chunk_number
ORDER BY g.place
