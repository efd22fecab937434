-- SPDX-License-Identifier: Apache-2.0
-- Rows to draw queries from, evenly over all contents. What waits in the outbox is left out: the
-- vector of any other content is that of its text (README.md, invariant 3).
--   $1 text         model id
--   $2 integer      rows at most
-- answers: integer, text, text, text, text, text, text, bigint, timestamp, bytea, bigint, bigint
SELECT DISTINCT ON (m.id)
       m.id, l.tree, l.branch, l.limb, l.leaf, m.content_type, m.title, m.word_count::bigint,
       m.created_at, e.vector,
       s.revision + (SELECT value::bigint FROM grove.setting WHERE name = 'generation'), 0::bigint AS leaf_number
FROM (SELECT min(id)::bigint AS first, max(id)::bigint AS last
      FROM public.content_metadata) AS ids
CROSS JOIN generate_series(0, $2::bigint - 1) AS n
CROSS JOIN LATERAL (
    SELECT *
    FROM public.content_metadata AS c
    WHERE c.id >= ids.first + (ids.last - ids.first) * n / $2::bigint
    ORDER BY c.id
    LIMIT 1
) AS m
JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
JOIN grove.content_state AS s ON s.content_id = m.id
JOIN grove.embedding AS e ON e.content_id = m.id AND e.model = $1
WHERE NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = m.id)
ORDER BY m.id
