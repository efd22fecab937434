-- SPDX-License-Identifier: Apache-2.0
-- Contents that satisfy the filter and whose point in the vector engine may be out of date. Asked
-- before the vector engine is, so that a change which is projected meanwhile is not missed.
-- OFFSET 0 has the outbox read first, and contents looked up by id. Else a plan from the time of a
-- full outbox goes through all contents to look each up in an outbox that has long been empty.
--   $1 text         hierarchy table; null: any
--   $2 integer[]    its leaves; null: any
--   $3 text[]       content types; null: any
--   $4 timestamp    created at or after; null: any
--   $5 timestamp    created before; null: any
--   $6 integer      words at least; null: any
--   $7 integer      words at most; null: any
--   $8 integer      rows at most
SELECT o.content_id
FROM grove.outbox AS o
CROSS JOIN LATERAL (
    SELECT
    FROM public.content_metadata AS m
    WHERE m.id = o.content_id
      AND ($1::text IS NULL OR m.hierarchy_table = $1)
      AND ($2::integer[] IS NULL OR m.leaf_id = ANY ($2))
      AND ($3::text[] IS NULL OR m.content_type = ANY ($3))
      AND ($4::timestamp IS NULL OR m.created_at >= $4)
      AND ($5::timestamp IS NULL OR m.created_at < $5)
      AND ($6::integer IS NULL OR m.word_count >= $6)
      AND ($7::integer IS NULL OR m.word_count <= $7)
    OFFSET 0
) AS m
WHERE NOT o.deleted
LIMIT $8
