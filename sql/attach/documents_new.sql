-- SPDX-License-Identifier: Apache-2.0
-- Taking in: documents that are not there yet, of a chunk each.
--   $1 text         source
--   $2 text[]       keys
--   $3 text[]       titles
--   $4 text[]       URLs; null: none
--   $5 text[]       metadata, JSON objects
--   $6 text[]       bodies
--   $7 bytea[]      their SHA-256
--   $8 timestamp[]  created at; null: now
--   $9 text[]       hierarchy tables
--   $10 integer[]   leaves
--   $11 text[]      content types
--   $12 text[]      titles of chunks
--   $13 text[]      summaries
--   $14 text[]      texts of chunks
--   $15 integer[]   words
--   $16 text[]      headings
--   $17 integer[]   first characters
--   $18 integer[]   characters
-- answers: integer
-- The contents in their order. Fewer: somebody who does not ask for numbers took some, or made a
-- document; try again.
WITH given AS (
    SELECT g.*, row_number() OVER (PARTITION BY g.leaves, g.leaf_id, g.type ORDER BY g.place) AS nth
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[],
                $8::timestamp[], $9::text[], $10::integer[], $11::text[], $12::text[], $13::text[],
                $14::text[], $15::integer[], $16::text[], $17::integer[], $18::integer[])
             WITH ORDINALITY
             AS g (key, title, url, metadata, body, digest, created_at, leaves, leaf_id, type,
                   chunk_title, summary, chunk_text, words, heading, first_character, characters,
                   place)
), places AS MATERIALIZED (
    SELECT p.leaves, p.leaf_id, p.type,
           coalesce((SELECT max(m.chunk_number) FROM public.content_metadata AS m
                     WHERE m.hierarchy_table = p.leaves AND m.leaf_id = p.leaf_id
                       AND m.content_type = p.type), 0) AS number
    FROM (SELECT DISTINCT g.leaves, g.leaf_id, g.type FROM given AS g) AS p
), numbered AS MATERIALIZED (
    SELECT g.*, (p.number + g.nth)::integer AS chunk_number
    FROM given AS g
    JOIN places AS p USING (leaves, leaf_id, type)
), contents AS (
    INSERT INTO public.content_metadata AS m
        (hierarchy_table, leaf_id, content_type, chunk_number, title, content_summary, word_count,
         created_at)
    SELECT n.leaves, n.leaf_id, n.type, n.chunk_number, n.chunk_title, n.summary, n.words,
           coalesce(n.created_at, LOCALTIMESTAMP)
    FROM numbered AS n
    ORDER BY n.place
    ON CONFLICT (hierarchy_table, leaf_id, content_type, chunk_number) DO NOTHING
    RETURNING m.id, m.hierarchy_table, m.leaf_id, m.content_type, m.chunk_number
), documents AS (
    INSERT INTO grove.document AS d
        (source, key, title, url, metadata, body, body_sha256, chunk_count, created_at)
    SELECT $1, n.key, n.title, n.url, n.metadata::jsonb, n.body, n.digest, 1,
           coalesce(n.created_at, LOCALTIMESTAMP)
    FROM numbered AS n
    ON CONFLICT (source, key) DO NOTHING
    RETURNING d.id, d.key
), matched AS MATERIALIZED (
    SELECT n.*, c.id AS content_id, d.id AS document_id
    FROM numbered AS n
    JOIN contents AS c ON c.hierarchy_table = n.leaves AND c.leaf_id = n.leaf_id
                      AND c.content_type = n.type AND c.chunk_number = n.chunk_number
    JOIN documents AS d ON d.key = n.key
), bodies AS (
    INSERT INTO grove.body (content_id, body)
    SELECT m.content_id, m.chunk_text FROM matched AS m ORDER BY m.content_id
), chunks AS (
    INSERT INTO grove.chunk
        (content_id, document_id, position, heading, first_character, characters)
    SELECT m.content_id, m.document_id, 1, m.heading, m.first_character, m.characters
    FROM matched AS m
    ORDER BY m.content_id
)
SELECT m.content_id FROM matched AS m ORDER BY m.place
