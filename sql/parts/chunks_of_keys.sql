-- SPDX-License-Identifier: Apache-2.0
-- The chunks of documents, by the documents' keys.
--   $1 text    source
--   $2 text[]  keys
-- Each step looks up what the one before has found: joined, all of them would be compared with all where
-- PostgreSQL does not know yet how many there are. So do the statements that go on from here.
WITH documents AS MATERIALIZED (
    SELECT (SELECT d.id FROM grove.document AS d WHERE d.source = $1 AND d.key = k.key) AS id
    FROM unnest($2::text[]) AS k (key)
), chunks AS MATERIALIZED (
    SELECT c.content_id
    FROM grove.chunk AS c
    WHERE c.document_id = ANY (ARRAY(SELECT d.id FROM documents AS d WHERE d.id IS NOT NULL))
)
