-- SPDX-License-Identifier: Apache-2.0
--
-- Checks a subject: one row for each check. Changes nothing.
--
-- Written by "grove subject", which does the same by itself.

-- answers: text, boolean, text
WITH named (is_template, leaves) AS (
    VALUES (true, 'religion_hierarchy'), (false, 'science_hierarchy')
), described (is_template, kind, name, definition) AS (
    SELECT n.is_template, 'column', a.attname::text,
           concat(format_type(a.atttypid, a.atttypmod),
                  CASE WHEN a.attnotnull THEN ' NOT NULL' END,
                  ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid))
    FROM named AS n
    JOIN pg_catalog.pg_attribute AS a
        ON a.attrelid = to_regclass('public.' || n.leaves) AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    UNION ALL
    SELECT n.is_template, 'constraint', c.conname, pg_get_constraintdef(c.oid)
    FROM named AS n
    JOIN pg_catalog.pg_constraint AS c ON c.conrelid = to_regclass('public.' || n.leaves)
    UNION ALL
    SELECT n.is_template, 'index', x.relname, pg_get_indexdef(i.indexrelid)
    FROM named AS n
    JOIN pg_catalog.pg_index AS i ON i.indrelid = to_regclass('public.' || n.leaves)
    JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
    WHERE i.indisvalid
    UNION ALL
    SELECT n.is_template, 'trigger', t.tgname, pg_get_triggerdef(t.oid)
    FROM named AS n
    JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = to_regclass('public.' || n.leaves)
    WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
), template AS (
    -- As all of it would be called here.
    SELECT kind, replace(replace(replace(name, 'religion_hierarchy', 'science_hierarchy'),
                                 'unique_religion_path', 'unique_science_path'),
                         'idx_religion_', 'idx_science_') AS name,
           replace(replace(replace(definition, 'religion_hierarchy', 'science_hierarchy'),
                           'unique_religion_path', 'unique_science_path'),
                   'idx_religion_', 'idx_science_') AS definition
    FROM described WHERE is_template
), differences AS (
    SELECT CASE WHEN t.name IS NULL THEN 'has besides' WHEN m.name IS NULL THEN 'lacks'
                ELSE 'other than in religion_hierarchy:' END AS what,
           kind, concat_ws(', now ', name, CASE WHEN t.name = m.name THEN m.definition END) AS name
    FROM template AS t
    FULL JOIN (SELECT kind, name, definition FROM described WHERE NOT is_template) AS m
        USING (kind, name)
    WHERE t.definition IS DISTINCT FROM m.definition
), check_now AS (
    SELECT c.convalidated, pg_get_constraintdef(c.oid) AS definition,
           ARRAY(SELECT m[1] FROM regexp_matches(pg_get_constraintdef(c.oid),
                                                 '''([^'']*)''::character varying', 'g') AS m) AS tables
    FROM pg_catalog.pg_constraint AS c
    WHERE c.conrelid = 'public.content_metadata'::regclass AND c.conname = 'valid_hierarchy_table'
), check_list AS (
    SELECT n.convalidated, n.definition, n.tables,
           (SELECT string_agg(u.name, ', ' ORDER BY u.name COLLATE "C")
            FROM (SELECT unnest(n.tables) AS name
                  EXCEPT SELECT s.hierarchy_table::text FROM grove.subject AS s) AS u
            WHERE u.name <> 'science_hierarchy') AS besides,
           (SELECT string_agg(u.name, ', ' ORDER BY u.name COLLATE "C")
            FROM (SELECT s.hierarchy_table::text AS name FROM grove.subject AS s
                  EXCEPT SELECT unnest(n.tables)) AS u) AS lacking
    FROM check_now AS n
), rights AS (
    SELECT n.is_template, a.grantee, a.privilege_type || r.behind AS privilege
    FROM named AS n
    CROSS JOIN (VALUES ('', ''), ('_id_seq', ' on its sequence')) AS r (suffix, behind)
    JOIN pg_catalog.pg_class AS c ON c.oid = to_regclass('public.' || n.leaves || r.suffix)
    CROSS JOIN LATERAL aclexplode(c.relacl) AS a
    WHERE a.grantee <> c.relowner
), lacking AS (
    SELECT CASE u.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(u.grantee)::text END AS role,
           string_agg(u.privilege, ', ' ORDER BY u.privilege COLLATE "C") AS privileges
    FROM (SELECT grantee, privilege FROM rights WHERE is_template
          EXCEPT SELECT grantee, privilege FROM rights WHERE NOT is_template) AS u
    GROUP BY u.grantee
), checks (name, problem, fine) AS (
    SELECT 'structure',
           (SELECT string_agg(concat_ws(' ', u.what, u.kind, u.names), '; '
                              ORDER BY u.what COLLATE "C", u.kind)
            FROM (SELECT what, kind, string_agg(name, ', ' ORDER BY name COLLATE "C") AS names
                  FROM differences GROUP BY what, kind) AS u),
           'columns, constraints, indexes and triggers are those of religion_hierarchy'
    UNION ALL
    SELECT 'check',
           CASE WHEN c.definition IS NULL THEN 'content_metadata has no CHECK valid_hierarchy_table'
                WHEN 'science_hierarchy' <> ALL (c.tables)
                THEN 'valid_hierarchy_table does not allow science_hierarchy'
                WHEN c.besides IS NOT NULL OR c.lacking IS NOT NULL OR NOT c.convalidated
                THEN 'valid_hierarchy_table '
                     || concat_ws('; ', 'allows besides ' || c.besides, 'lacks ' || c.lacking,
                                  CASE WHEN NOT c.convalidated THEN 'is not validated' END)
                WHEN EXISTS (SELECT FROM pg_catalog.pg_constraint AS x
                             WHERE x.conrelid = 'public.content_metadata'::regclass
                               AND x.conname = 'valid_hierarchy_table_next')
                THEN 'valid_hierarchy_table_next is there: a change was not finished' END,
           'valid_hierarchy_table allows it, and is validated'
    FROM (VALUES (1)) AS one (n)
    LEFT JOIN check_list AS c ON true
    UNION ALL
    SELECT 'rights',
           (SELECT 'not as on religion_hierarchy: '
                   || string_agg(format('%s has no %s', role, privileges), '; '
                                 ORDER BY role COLLATE "C")
            FROM lacking),
           'roles have the rights that they have on religion_hierarchy'
    UNION ALL
    SELECT 'registered',
           CASE WHEN NOT EXISTS (SELECT FROM grove.subject WHERE hierarchy_table = 'science_hierarchy')
                THEN 'grove.subject does not have it' END,
           'grove.subject has it'
    UNION ALL
    SELECT 'leaves',
           CASE WHEN l.seen <> t.there
                THEN format('the table has %s leaves, grove.leaf %s', t.there, l.seen) END,
           format('grove.leaf has all %s', t.there)
    FROM (SELECT count(*) AS seen FROM grove.leaf WHERE hierarchy_table = 'science_hierarchy') AS l,
         (SELECT count(*) AS there FROM public.science_hierarchy) AS t
    UNION ALL
    SELECT 'orphans',
           CASE WHEN count(*) > 0 THEN format('%s contents lie on no leaf', count(*)) END,
           'every content lies on a leaf'
    FROM public.content_metadata AS m
    WHERE m.hierarchy_table = 'science_hierarchy'
      AND NOT EXISTS (SELECT FROM public.science_hierarchy AS t WHERE t.id = m.leaf_id)
    UNION ALL
    SELECT 'counts',
           CASE WHEN k.kept <> m.there
                THEN format('%s contents, counted as %s: SELECT grove.recount()', m.there, k.kept) END,
           format('%s contents, and as many counted', m.there)
    FROM (SELECT coalesce(sum(contents), 0) AS kept FROM grove.content_count
          WHERE hierarchy_table = 'science_hierarchy') AS k,
         (SELECT count(*) AS there FROM public.content_metadata
          WHERE hierarchy_table = 'science_hierarchy') AS m
    UNION ALL
    SELECT 'projection',
           CASE WHEN count(DISTINCT m.id) > 0
                THEN format('%s contents wait to be written to the vector engine',
                            count(DISTINCT m.id)) END,
           'nothing waits to be written to the vector engine'
    FROM grove.outbox AS o
    JOIN public.content_metadata AS m ON m.id = o.content_id
    WHERE m.hierarchy_table = 'science_hierarchy'
)
SELECT name, problem IS NULL AS ok, coalesce(problem, fine) AS found FROM checks;
