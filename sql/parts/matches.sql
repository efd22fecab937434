-- SPDX-License-Identifier: Apache-2.0
-- What a predicate asks of a content m, as PostgreSQL decides it (src/query/predicate.h).
--   $1 text         hierarchy table; null: any
--   $2 integer[]    its leaves; null: any
--   $3 to $7        parts/bounds.sql
      ($1::text IS NULL OR m.hierarchy_table = $1)
  AND ($2::integer[] IS NULL OR m.leaf_id = ANY ($2))
-- part: bounds
