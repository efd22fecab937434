-- SPDX-License-Identifier: Apache-2.0
-- Taking in: rows that have no vector any more lose those that they brought: others are computed.
--   $1 text    source
--   $2 text[]  keys
-- answers: bigint
-- part: chunks_of_keys
, gone AS (
    DELETE FROM grove.embedding AS e
    WHERE e.content_id = ANY (ARRAY(SELECT c.content_id FROM chunks AS c)) AND e.origin = 'supplied'
    RETURNING e.content_id
)
SELECT count(*) FROM gone
