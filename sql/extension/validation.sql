-- SPDX-License-Identifier: Apache-2.0
--
-- Checks a subject: one row for each check. Changes nothing.
--
-- Written by "grove subject", which does the same by itself, waits for locks and goes on after an
-- interruption. By hand, with psql -v ON_ERROR_STOP=1: where a phase ends with "canceling
-- statement due to lock timeout", somebody had what it locks; run that phase again.

-- answers: text, boolean, text
WITH named (leaves, stem) AS (
    VALUES ('religion_hierarchy', 'religion'), ('science_hierarchy', 'science')
), described AS (
    SELECT n.leaves, n.stem, format('column %s %s %s%s%s', a.attnum, a.attname,
                                    format_type(a.atttypid, a.atttypmod),
                                    CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
                                    ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)) AS part
    FROM named AS n
    JOIN pg_catalog.pg_attribute AS a
        ON a.attrelid = to_regclass('public.' || n.leaves) AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    UNION ALL
    SELECT n.leaves, n.stem, format('constraint %s %s', c.conname, pg_get_constraintdef(c.oid))
    FROM named AS n
    JOIN pg_catalog.pg_constraint AS c ON c.conrelid = to_regclass('public.' || n.leaves)
    UNION ALL
    SELECT n.leaves, n.stem, pg_get_indexdef(i.indexrelid)
    FROM named AS n
    JOIN pg_catalog.pg_index AS i ON i.indrelid = to_regclass('public.' || n.leaves)
    WHERE i.indisvalid
    UNION ALL
    SELECT n.leaves, n.stem, pg_get_triggerdef(t.oid)
    FROM named AS n
    JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = to_regclass('public.' || n.leaves)
    WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
), parts AS (
    SELECT leaves, replace(replace(replace(part, leaves, '(table)'),
                                   'unique_' || stem || '_path', '(path)'),
                           'idx_' || stem || '_', 'idx_(name)_') AS part
    FROM described
), differences AS (
    (SELECT 'has no ' || part AS difference FROM parts WHERE leaves = 'religion_hierarchy'
     EXCEPT SELECT 'has no ' || part FROM parts WHERE leaves <> 'religion_hierarchy')
    UNION ALL
    (SELECT 'has ' || part FROM parts WHERE leaves <> 'religion_hierarchy'
     EXCEPT SELECT 'has ' || part FROM parts WHERE leaves = 'religion_hierarchy')
), checks (name, problem, fine) AS (
    SELECT 'structure', (SELECT string_agg(difference, '; ' ORDER BY difference) FROM differences),
           'columns, constraints, indexes and triggers are those of religion_hierarchy'
    UNION ALL
    SELECT 'check',
           CASE WHEN c.definition IS NULL THEN 'content_metadata has no CHECK valid_hierarchy_table'
                WHEN NOT c.convalidated THEN 'valid_hierarchy_table is not validated'
                WHEN strpos(c.definition, quote_literal('science_hierarchy')) = 0
                THEN 'valid_hierarchy_table does not allow science_hierarchy'
                WHEN EXISTS (SELECT FROM pg_catalog.pg_constraint AS x
                             WHERE x.conrelid = 'public.content_metadata'::regclass
                               AND x.conname = 'valid_hierarchy_table_next')
                THEN 'valid_hierarchy_table_next is there: a change was not finished' END,
           'valid_hierarchy_table allows it, and is validated'
    FROM (VALUES (1)) AS one (n)
    LEFT JOIN (SELECT convalidated, pg_get_constraintdef(oid) AS definition
               FROM pg_catalog.pg_constraint
               WHERE conrelid = 'public.content_metadata'::regclass
                 AND conname = 'valid_hierarchy_table') AS c ON true
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
