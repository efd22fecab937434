-- SPDX-License-Identifier: Apache-2.0
-- Taking in: rows that have no vector any more lose those that they brought: others are computed.
--   $1 text    source
--   $2 text[]  keys
-- answers: bigint
-- Step by step, as documents_remove.sql.
WITH documents AS MATERIALIZED (
    SELECT (SELECT d.id FROM grove.document AS d WHERE d.source = $1 AND d.key = k.key) AS id
    FROM unnest($2::text[]) AS k (key)
), chunks AS MATERIALIZED (
    SELECT c.content_id
    FROM grove.chunk AS c
    WHERE c.document_id = ANY (ARRAY(SELECT d.id FROM documents AS d WHERE d.id IS NOT NULL))
), gone AS (
    DELETE FROM grove.embedding AS e
    WHERE e.content_id = ANY (ARRAY(SELECT c.content_id FROM chunks AS c)) AND e.origin = 'supplied'
    RETURNING e.content_id
)
SELECT count(*) FROM gone
