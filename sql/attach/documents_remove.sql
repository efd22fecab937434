-- SPDX-License-Identifier: Apache-2.0
-- Taking in: documents go, with their contents.
--   $1 text    source
--   $2 text[]  keys
-- answers: integer
-- The contents. Those are deleted, in the order of their keys; chunks and documents follow by themselves.
WITH held AS MATERIALIZED (
    SELECT m.id
    FROM public.content_metadata AS m
    WHERE m.id IN (SELECT c.content_id
                   FROM grove.document AS d
                   JOIN grove.chunk AS c ON c.document_id = d.id
                   WHERE d.source = $1 AND d.key = ANY ($2::text[]))
    ORDER BY m.hierarchy_table, m.leaf_id, m.content_type, m.chunk_number
    FOR UPDATE
)
DELETE FROM public.content_metadata AS m USING held AS h WHERE m.id = h.id RETURNING m.id
