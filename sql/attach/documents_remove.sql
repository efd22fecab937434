-- SPDX-License-Identifier: Apache-2.0
-- Taking in: documents go, with their contents.
--   $1 text    source
--   $2 text[]  keys
-- answers: integer
-- The contents. Those are deleted, in the order of their keys; chunks and documents follow by themselves.
-- Each step looks up what the one before has found: joined, all of them would be compared with all where
-- PostgreSQL does not know yet how many there are.
WITH documents AS MATERIALIZED (
    SELECT (SELECT d.id FROM grove.document AS d WHERE d.source = $1 AND d.key = k.key) AS id
    FROM unnest($2::text[]) AS k (key)
), chunks AS MATERIALIZED (
    SELECT c.content_id
    FROM grove.chunk AS c
    WHERE c.document_id = ANY (ARRAY(SELECT d.id FROM documents AS d WHERE d.id IS NOT NULL))
), held AS MATERIALIZED (
    SELECT m.id
    FROM public.content_metadata AS m
    WHERE m.id = ANY (ARRAY(SELECT c.content_id FROM chunks AS c))
    ORDER BY m.hierarchy_table, m.leaf_id, m.content_type, m.chunk_number
    FOR UPDATE
)
DELETE FROM public.content_metadata AS m
WHERE m.id = ANY (ARRAY(SELECT h.id FROM held AS h))
RETURNING m.id
