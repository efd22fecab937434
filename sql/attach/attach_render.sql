-- SPDX-License-Identifier: Apache-2.0
-- Attaching: the statements of one attachment, written for the table as it is now.
--   $1 integer  its number
--   $2 oid      the table
--   $3 text[]   the columns of its key
--   $4 text[]   the columns that are read
--   $5 text     which rows; null: all
--   $6 text[]   the columns whose change counts
-- answers: text, text, text, text, text, text, text
-- The function of its triggers; the triggers; what takes both away; how rows are read by keys, how
-- keys follow, and how those are found that have a document and no row; columns that are not
-- there, with chr(31) between them.
-- \001 stands for the name of a row.
WITH named AS (
    SELECT format('%I.%I', n.nspname, c.relname) AS name, format('%I', c.relname) AS short, c.relkind
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid = $2::bigint::oid
), lacking AS (
    SELECT array_agg(DISTINCT u.name) AS columns
    FROM unnest($3 || $4 || $6) AS u (name)
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
                      WHERE a.attrelid = $2::bigint::oid AND a.attname = u.name AND NOT a.attisdropped)
), key AS (
    SELECT k.place, k.name, format_type(a.atttypid, a.atttypmod) AS type, cardinality($3) = 1 AS alone,
           a.atttypid IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype) AS is_time
    FROM unnest($3) WITH ORDINALITY AS k (name, place)
    JOIN pg_catalog.pg_attribute AS a
        ON a.attrelid = $2::bigint::oid AND a.attname = k.name AND NOT a.attisdropped
), keyed AS (
    SELECT CASE WHEN NOT bool_and(alone)
                THEN format('jsonb_build_array(%s)::text',
                            string_agg(format(E'\001.%I', name), ', ' ORDER BY place))
                WHEN bool_and(is_time)
                THEN string_agg(format(E'to_jsonb(\001.%I) #>> ''{}''', name), '')
                ELSE string_agg(format(E'(\001.%I)::text', name), '') END AS of_row,
           string_agg(format(E'\001.%I', name), ', ' ORDER BY place) AS columns,
           string_agg(CASE WHEN alone THEN format(E'(\001)::%s', type)
                           ELSE format(E'((\001)::jsonb ->> %s)::%s', place - 1, type) END,
                      ', ' ORDER BY place) AS of_text
    FROM key
), wanted AS (
    SELECT CASE WHEN NOT bool_and(alone) THEN format('jsonb_build_array(%s)::text', min(k.of_text))
                WHEN bool_and(is_time) THEN format('to_jsonb(%s) #>> ''{}''', min(k.of_text))
                ELSE format('(%s)::text', min(k.of_text)) END AS of_text
    FROM key, keyed AS k
), read AS (
    SELECT concat(', ' || string_agg(format('(%s.%I)::text', n.short, u.name), ', ' ORDER BY u.place))
               AS columns,
           repeat(', text', count(u.name)::integer) AS answers
    FROM named AS n
    LEFT JOIN unnest($4) WITH ORDINALITY AS u (name, place) ON true
    GROUP BY n.short
), differing AS (
    SELECT string_agg(format('(o.%1$I)::text IS DISTINCT FROM (n.%1$I)::text', u.name), ' OR ')
               AS condition
    FROM unnest($6) AS u (name)
), members AS (
    SELECT m.relation, min(m.place) AS place
    FROM (SELECT n.name AS relation, 0 AS place FROM named AS n
          UNION ALL
          SELECT format('%I.%I', s.nspname, c.relname), 1 + t.level
          FROM named AS n, pg_partition_tree($2::bigint::oid) AS t
          JOIN pg_catalog.pg_class AS c ON c.oid = t.relid
          JOIN pg_catalog.pg_namespace AS s ON s.oid = c.relnamespace
          WHERE n.relkind = 'p' AND t.level > 0) AS m
    GROUP BY m.relation
)
SELECT format(
$function$CREATE OR REPLACE FUNCTION grove.attached_%1$s() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $grove$
BEGIN
    IF TG_OP = 'TRUNCATE'
       OR (SELECT count(*) FROM pg_attribute AS a
           WHERE a.attrelid = TG_RELID AND NOT a.attisdropped
             AND a.attname IN (%2$s)) <> %3$s
    THEN
        INSERT INTO grove.attached_change (attached_id) VALUES (%1$s);
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO grove.attached_change (attached_id, keys)
        SELECT %1$s, array_agg(p.key)
        FROM (SELECT %4$s AS key, (row_number() OVER () - 1) / 256 AS part
              FROM new_rows AS n) AS p
        GROUP BY p.part;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO grove.attached_change (attached_id, keys)
        SELECT %1$s, array_agg(p.key)
        FROM (SELECT %5$s AS key, (row_number() OVER () - 1) / 256 AS part
              FROM old_rows AS o) AS p
        GROUP BY p.part;
    ELSE
        INSERT INTO grove.attached_change (attached_id, keys)
        SELECT %1$s, array_agg(p.key)
        FROM (SELECT u.key, (row_number() OVER () - 1) / 256 AS part
              FROM (SELECT %4$s AS key
                    FROM new_rows AS n
                    LEFT JOIN old_rows AS o ON %5$s = %4$s
                    WHERE o.%7$s IS NULL OR %6$s
                    UNION ALL
                    SELECT %5$s
                    FROM old_rows AS o
                    LEFT JOIN new_rows AS n ON %4$s = %5$s
                    WHERE n.%7$s IS NULL) AS u) AS p
        GROUP BY p.part;
    END IF;
    RETURN NULL;
END $grove$;
REVOKE EXECUTE ON FUNCTION grove.attached_%1$s() FROM PUBLIC;
COMMENT ON FUNCTION grove.attached_%1$s IS 'notes the keys of rows of an attached table that change';
$function$,
           $1,
           (SELECT string_agg(format('%L', u.name), ', ' ORDER BY u.name)
            FROM (SELECT DISTINCT unnest($6) AS name) AS u),
           (SELECT count(DISTINCT u.name) FROM unnest($6) AS u (name)),
           replace(k.of_row, E'\001', 'n'), replace(k.of_row, E'\001', 'o'), d.condition,
           quote_ident(($3)[1])),
       (SELECT string_agg(format(
$triggers$CREATE OR REPLACE TRIGGER %1$s AFTER INSERT ON %3$s
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.attached_%2$s();
CREATE OR REPLACE TRIGGER grove_attached_%2$s_updated AFTER UPDATE ON %3$s
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.attached_%2$s();
CREATE OR REPLACE TRIGGER grove_attached_%2$s_deleted AFTER DELETE ON %3$s
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.attached_%2$s();
CREATE OR REPLACE TRIGGER grove_attached_%2$s_truncated AFTER TRUNCATE ON %3$s
    FOR EACH STATEMENT EXECUTE FUNCTION grove.attached_%2$s();
$triggers$, CASE WHEN m.place = 0 THEN format('grove_attached_%s', $1)
                 ELSE format('grove_attached_%s_inserted', $1) END,
            $1, m.relation), '' ORDER BY m.place, m.relation)
        FROM members AS m),
       format(E'DROP FUNCTION IF EXISTS grove.attached_%s() CASCADE;\n', $1),
       format(E'-- answers: text, text%s\n'
              'SELECT %s, r.*\nFROM unnest($1::text[]) AS grove_wanted (key)\n'
              'LEFT JOIN LATERAL (\n    SELECT %s%s\n    FROM %s\n    WHERE (%s) = (%s)%s\n) AS r ON true\n',
              r.answers, replace(w.of_text, E'\001', 'grove_wanted.key'),
              replace(k.of_row, E'\001', n.short), r.columns, n.name,
              replace(k.columns, E'\001', n.short), replace(k.of_text, E'\001', 'grove_wanted.key'),
              E' AND (\n' || $5 || E'\n)'),
       format(E'-- answers: text\n'
              'SELECT %s\nFROM %s\nWHERE $1::text IS NULL OR (%s) > (%s)\n'
              'ORDER BY %s\nLIMIT $2::integer\n',
              replace(k.of_row, E'\001', n.short), n.name, replace(k.columns, E'\001', n.short),
              replace(k.of_text, E'\001', '$1::text'), replace(k.columns, E'\001', n.short)),
       format(E'-- answers: text\n'
              'SELECT grove_document.key\nFROM grove.document AS grove_document\n'
              'WHERE grove_document.source = $1::text\n'
              '  AND NOT EXISTS (SELECT FROM %s WHERE %s = grove_document.key)\n'
              'LIMIT $2::integer\n',
              n.name, replace(k.of_row, E'\001', n.short)),
       array_to_string(l.columns, chr(31))
FROM named AS n, lacking AS l, keyed AS k, wanted AS w, read AS r, differing AS d
