-- SPDX-License-Identifier: Apache-2.0
-- The subjects, also half-finished ones.
-- answers: text, text, boolean, boolean, boolean, bigint, bigint, bigint, bigint, bigint, bigint,
--          timestamp
WITH all_subjects AS (
    SELECT s.tree::text AS tree, s.hierarchy_table::text AS leaves, s.created_at, true AS registered
    FROM grove.subject AS s
    UNION ALL
    SELECT regexp_replace(c.relname, '_hierarchy$', ''), c.relname::text, NULL, false
    FROM pg_catalog.pg_class AS c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
      AND obj_description(c.oid, 'pg_class') = 'grove: the leaves of a subject'
      AND c.relname NOT IN (SELECT s.hierarchy_table FROM grove.subject AS s)
), next_check AS (
    SELECT pg_get_constraintdef(c.oid) AS definition
    FROM pg_catalog.pg_constraint AS c
    WHERE c.conrelid = 'public.content_metadata'::regclass
      AND c.conname = 'valid_hierarchy_table_next'
)
SELECT a.tree, a.leaves, a.registered,
       a.registered AND EXISTS (SELECT FROM next_check AS n
                                WHERE strpos(n.definition, quote_literal(a.leaves)) = 0),
       a.leaves IN ('religion_hierarchy', 'subject1_hierarchy', 'subject2_hierarchy',
                    'subject3_hierarchy', 'subject4_hierarchy', 'subject5_hierarchy',
                    'subject6_hierarchy', 'subject7_hierarchy', 'subject8_hierarchy'),
       coalesce(l.branches, 0), coalesce(l.limbs, 0), coalesce(l.leaves, 0),
       (SELECT coalesce(sum(k.contents), 0)::bigint FROM grove.tree_count AS k
        WHERE k.hierarchy_table = a.leaves),
       coalesce(p.waiting, 0),
       coalesce(pg_total_relation_size(to_regclass('public.' || quote_ident(a.leaves))), 0),
       a.created_at
FROM all_subjects AS a
LEFT JOIN (SELECT f.hierarchy_table, count(DISTINCT f.branch) AS branches,
                  count(DISTINCT (f.branch, f.limb)) AS limbs, count(*) AS leaves
           FROM grove.leaf AS f GROUP BY f.hierarchy_table) AS l ON l.hierarchy_table = a.leaves
LEFT JOIN (SELECT m.hierarchy_table, count(DISTINCT o.content_id) AS waiting
           FROM grove.outbox AS o JOIN public.content_metadata AS m ON m.id = o.content_id
           GROUP BY m.hierarchy_table) AS p ON p.hierarchy_table = a.leaves
ORDER BY a.created_at NULLS LAST, a.leaves COLLATE "C"
