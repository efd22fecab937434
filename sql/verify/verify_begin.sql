-- SPDX-License-Identifier: Apache-2.0
-- Notes that both stores are being compared; of earlier times the last hundred are kept.
--   $1 text      collection
--   $2 text      path; null: everything
--   $3 boolean   ids and revisions only
--   $4 bigint    where it begins
--   $5 bigint[]  how many differences of each kind
-- answers: bigint
WITH old AS (
    DELETE FROM grove.verification
    WHERE id <= (SELECT max(v.id) - 100 FROM grove.verification AS v)
)
INSERT INTO grove.verification (collection, path, quick, next_id, kinds)
VALUES ($1, $2, $3, $4, $5)
RETURNING id
