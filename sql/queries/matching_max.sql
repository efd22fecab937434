-- SPDX-License-Identifier: Apache-2.0
-- How many contents there are in some places and of some types, by the counts that are kept: no
-- more than these satisfy a predicate.
--   $1 text         hierarchy table; null: any
--   $2 integer[]    its leaves; null: any
--   $3 text[]       content types; null: any
-- answers: bigint
SELECT coalesce(sum(c.contents), 0)::bigint
FROM grove.content_count AS c
WHERE ($1::text IS NULL OR c.hierarchy_table = $1)
  AND ($2::integer[] IS NULL OR c.leaf_id = ANY ($2))
  AND ($3::text[] IS NULL OR c.content_type = ANY ($3))
