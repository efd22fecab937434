-- SPDX-License-Identifier: Apache-2.0
-- Taking in: documents go, with their contents.
--   $1 text    source
--   $2 text[]  keys
-- answers: integer
-- The contents. Those are deleted, in the order of their keys; chunks and documents follow by themselves.
-- part: chunks_of_keys
, held AS MATERIALIZED (
    SELECT m.id
    FROM public.content_metadata AS m
    WHERE m.id = ANY (ARRAY(SELECT c.content_id FROM chunks AS c))
    ORDER BY m.hierarchy_table, m.leaf_id, m.content_type, m.chunk_number
    FOR UPDATE
)
DELETE FROM public.content_metadata AS m
WHERE m.id = ANY (ARRAY(SELECT h.id FROM held AS h))
RETURNING m.id
