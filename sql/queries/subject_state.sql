-- SPDX-License-Identifier: Apache-2.0
-- How far a subject is there, and what the CHECK of contents says: all that a change goes by.
--   $1 text  tree
-- answers: text, boolean, boolean, boolean, text, text, text, boolean, text, boolean, boolean,
--          boolean, boolean, boolean, boolean, text, bigint, text, text, boolean, boolean, boolean,
--          boolean, text, text
WITH wanted AS MATERIALIZED (
    SELECT u.leaves, regexp_replace(u.leaves, '_hierarchy$', '') AS stem
    FROM (SELECT coalesce((SELECT s.hierarchy_table::text FROM grove.subject AS s
                           WHERE s.tree = $1::text), $1::text || '_hierarchy') AS leaves) AS u
), registered AS MATERIALIZED (
    SELECT array_agg(s.hierarchy_table::text ORDER BY s.created_at, s.hierarchy_table COLLATE "C")
           AS tables
    FROM grove.subject AS s
), checks AS MATERIALIZED (
    -- As PostgreSQL writes a list of names, and, where it was restored from a dump, each name's type
    -- instead of the list's; anything else in it was put there by a hand.
    SELECT c.conname, c.convalidated, pg_get_constraintdef(c.oid) AS definition,
           ARRAY(SELECT replace(m[1], '''''', '''')
                 FROM regexp_matches(pg_get_constraintdef(c.oid),
                                     '''((?:[^'']|'''')*)''::character varying', 'g') AS m) AS tables,
           regexp_replace(pg_get_constraintdef(c.oid),
                          '\(?''(?:[^'']|'''')*''::character varying(?:\)::text)?(?:, )?'
                          '| NOT VALID$', '', 'g')
           IN ('CHECK (((hierarchy_table)::text = ANY ((ARRAY[])::text[])))',
               'CHECK (((hierarchy_table)::text = ANY (ARRAY[])))') AS is_list
    FROM pg_catalog.pg_constraint AS c
    WHERE c.conrelid = 'public.content_metadata'::regclass AND c.contype = 'c'
), now_check AS (
    SELECT * FROM checks WHERE conname = 'valid_hierarchy_table'
), next_check AS (
    SELECT * FROM checks WHERE conname = 'valid_hierarchy_table_next'
), lists AS MATERIALIZED (
    SELECT r.tables AS registered,
           CASE WHEN w.leaves = ANY (r.tables) THEN r.tables ELSE r.tables || w.leaves END AS including,
           array_remove(r.tables, w.leaves) AS excluding
    FROM wanted AS w, registered AS r
)
SELECT w.leaves,
       EXISTS (SELECT FROM grove.subject AS s WHERE s.tree = $1::text),
       to_regclass('public.' || quote_ident(w.leaves)) IS NOT NULL,
       coalesce(obj_description(to_regclass('public.' || quote_ident(w.leaves)), 'pg_class')
                = 'grove: the leaves of a subject', false),
       (SELECT min(c.relname::text) FROM pg_catalog.pg_class AS c
        WHERE c.relnamespace = 'public'::regnamespace AND lower(c.relname) = lower(w.leaves)
          AND c.relname <> w.leaves),
       (SELECT s.tree::text FROM grove.subject AS s
        WHERE s.hierarchy_table = w.leaves AND s.tree <> $1::text),
       -- A name that a part of the table would have.
       (SELECT min(u.name)
        FROM (SELECT c.relname::text AS name FROM pg_catalog.pg_class AS c
              WHERE c.relnamespace = 'public'::regnamespace
                AND c.relname IN (w.leaves || '_id_seq', w.leaves || '_pkey',
                                  'unique_' || w.stem || '_path', 'idx_' || w.stem || '_branch',
                                  'idx_' || w.stem || '_limb')
              UNION ALL
              SELECT t.typname::text FROM pg_catalog.pg_type AS t
              WHERE t.typnamespace = 'public'::regnamespace AND t.typname = w.leaves) AS u),
       coalesce(n.is_list AND n.convalidated AND n.tables @> l.registered
                AND n.tables <@ l.registered, false),
       CASE WHEN n.conname IS NULL THEN 'is not there'
            WHEN NOT n.is_list THEN 'reads: ' || n.definition
            ELSE concat_ws('; ',
                 'allows besides ' || (SELECT string_agg(u.name, ', ' ORDER BY u.name COLLATE "C")
                                       FROM (SELECT unnest(n.tables) AS name
                                             EXCEPT SELECT unnest(l.registered)) AS u),
                 'lacks ' || (SELECT string_agg(u.name, ', ' ORDER BY u.name COLLATE "C")
                              FROM (SELECT unnest(l.registered) AS name
                                    EXCEPT SELECT unnest(n.tables)) AS u),
                 CASE WHEN NOT n.convalidated THEN 'is not validated' END) END,
       x.conname IS NOT NULL,
       coalesce(x.convalidated, false),
       coalesce(x.is_list AND x.tables @> l.including AND x.tables <@ l.including, false),
       coalesce(x.is_list AND x.tables @> l.excluding AND x.tables <@ l.excluding, false),
       coalesce(x.is_list AND x.tables @> l.registered AND x.tables <@ l.registered, false),
       coalesce(x.is_list AND d.count = 1, false),
       d.names,
       (SELECT coalesce(sum(k.contents), 0)::bigint FROM grove.tree_count AS k
        WHERE k.hierarchy_table = w.leaves),
       (SELECT string_agg(quote_literal(u.name), ', ' ORDER BY u.place)
        FROM unnest(l.including) WITH ORDINALITY AS u (name, place)),
       (SELECT string_agg(quote_literal(u.name), ', ' ORDER BY u.place)
        FROM unnest(l.excluding) WITH ORDINALITY AS u (name, place)),
       coalesce((SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_catalog.pg_class AS c
                 WHERE c.oid = to_regclass('public.' || quote_ident(w.leaves))), true),
       -- Its work is done by us, and what we make is given to it.
       (SELECT pg_has_role(c.relowner, 'USAGE') AND pg_has_role(c.relowner, 'SET')
        FROM pg_catalog.pg_class AS c WHERE c.oid = 'public.content_metadata'::regclass),
       has_schema_privilege('public', 'CREATE')
           AND has_table_privilege('grove.subject', 'INSERT, UPDATE, DELETE'),
       EXISTS (SELECT FROM pg_get_keywords() AS k
               WHERE k.word = $1::text AND k.catcode IN ('R', 'T')),
       -- What would not let the table go: what depends on it, or on its type, and is no part of it.
       (SELECT min(CASE WHEN d.classid = 'pg_catalog.pg_rewrite'::regclass
                        THEN (SELECT pg_describe_object('pg_catalog.pg_class'::regclass, r.ev_class, 0)
                              FROM pg_catalog.pg_rewrite AS r WHERE r.oid = d.objid)
                        ELSE pg_describe_object(d.classid, d.objid, d.objsubid) END COLLATE "C")
        FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_type AS t ON t.oid = c.reltype
        JOIN pg_catalog.pg_depend AS d
            ON d.deptype = 'n'
           AND (d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = c.oid
                OR d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray))
        WHERE c.oid = to_regclass('public.' || quote_ident(w.leaves))
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS part
                          WHERE part.classid = d.classid AND part.objid = d.objid
                            AND part.refclassid = 'pg_catalog.pg_class'::regclass
                            AND part.refobjid = c.oid AND part.deptype IN ('a', 'i'))),
       -- A table whose rows are contents of the subject.
       (SELECT min(a.source COLLATE "C") FROM grove.attached AS a
        WHERE a.path ~ concat('^[[:space:]]*', $1::text, '[[:space:]]*(/|$)')
           OR EXISTS (SELECT FROM grove.attached_leaf AS l
                      WHERE l.attached_id = a.id AND l.hierarchy_table = w.leaves))
FROM wanted AS w
CROSS JOIN lists AS l
LEFT JOIN now_check AS n ON true
LEFT JOIN next_check AS x ON true
CROSS JOIN LATERAL (
    SELECT count(*), string_agg(u.name, ', ')
    FROM ((SELECT unnest(x.tables) AS name EXCEPT SELECT unnest(l.registered))
          UNION ALL
          (SELECT unnest(l.registered) EXCEPT SELECT unnest(x.tables))) AS u
) AS d (count, names)
