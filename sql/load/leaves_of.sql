-- SPDX-License-Identifier: Apache-2.0
-- Loading: the ids of leaves of one tree, made where they are missing.
--   $1 text    hierarchy table
--   $2 text[]  branches
--   $3 text[]  limbs
--   $4 text[]  leaves
--   $5 text[]  descriptions of new leaves; null: none
-- answers: bigint, integer, boolean
SELECT place, leaf_id, created FROM grove.ensure_leaves($1, $2, $3, $4, $5)
