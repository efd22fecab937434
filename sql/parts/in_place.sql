-- SPDX-License-Identifier: Apache-2.0
-- What a predicate asks of a content m (parts/matches.sql), for statements that have the content: its
-- leaf is looked up by its key, once, whatever PostgreSQL thinks of how many leaves the place has.
--   $1 text         hierarchy table; null: any
--   $2 integer[]    the numbers of branch, limb and leaf, as far as the path goes; null: any
--   $3 to $8        parts/bounds.sql
      ($1::text IS NULL OR m.hierarchy_table = $1)
  AND ($2::integer[] IS NULL
       OR $2 = (SELECT (ARRAY[l.branch_id, l.limb_id, l.leaf_id])[1:cardinality($2)]
                FROM grove.leaf AS l
                WHERE l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id))
-- part: bounds
