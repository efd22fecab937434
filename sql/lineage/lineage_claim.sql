-- SPDX-License-Identifier: Apache-2.0
-- Takes the comparison, or goes on with it. No row: there is none to do, or another has it.
--   $1 text     its history
--   $2 text     who
--   $3 integer  for how many milliseconds
--   $4 bigint   what is below this id is compared; null: as it was
-- answers: bigint
UPDATE grove.lineage
SET claimed_by = $2, claimed_until = clock_timestamp() + $3::integer * interval '1 millisecond',
    compared_from = coalesce($4::bigint, compared_from), written = pg_current_xact_id()::xid
WHERE history = $1 AND doubt IS NOT NULL AND marked
  AND (claimed_by = $2
       OR $4::bigint IS NULL
          AND (claimed_by IS NULL
               OR claimed_until NOT BETWEEN clock_timestamp()
                                        AND clock_timestamp() + $3::integer * interval '1 millisecond'))
RETURNING compared_from
