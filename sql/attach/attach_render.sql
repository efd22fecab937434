-- SPDX-License-Identifier: Apache-2.0
-- Attaching: the statements of one attachment, written for the table as it is now.
--   $1 integer  its number
--   $2 bigint   the table
--   $3 text[]   the columns of its key
--   $4 text[]   the columns that are read
--   $5 text     which rows; null: all
--   $6 text[]   the columns whose change counts
-- answers: text, text, text, text, text, text, boolean
-- The function of its triggers; the triggers, for the table and those of its partitions that lack them; how
-- rows are read by keys, how keys follow, and how those are found that have a document and no row; columns
-- that are not there, with chr(31) between them; whether the function that is there is another, and ours.
-- \001 stands for the name of a row, \002 for a value.
-- A type that somebody made may have casts of his own, which would run with the rights of whoever reads: its
-- values are written and read as any client gets and gives them. So are those of its domains, unchecked.
WITH named AS (
    SELECT format('%I.%I', n.nspname, c.relname) AS name, format('%I', c.relname) AS short, c.relkind
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid = $2::bigint::oid
), lacking AS (
    SELECT array_agg(DISTINCT u.name) AS columns
    FROM unnest($3::text[] || $4::text[] || $6::text[]) AS u (name)
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
                      WHERE a.attrelid = $2::bigint::oid AND a.attname = u.name AND NOT a.attisdropped)
), typed AS (
    SELECT a.attname AS name, a.atttypid, b.oid >= 16384 AS is_made,
           CASE WHEN b.oid >= 16384
                THEN E'CASE WHEN \002 IS DISTINCT FROM NULL THEN format(''%s'', \002) END'
                ELSE E'(\002)::text' END AS to_text,
           CASE WHEN b.oid >= 16384
                THEN format(E'(SELECT v.v FROM json_to_record(json_build_object(''v'', \002)) AS v (v %s))',
                            format_type(b.oid, b.typmod))
                ELSE format(E'(\002)::%s', format_type(b.oid, b.typmod)) END AS of_text
    FROM pg_catalog.pg_attribute AS a
    CROSS JOIN LATERAL (
        WITH RECURSIVE base AS (
            SELECT t.oid, a.atttypmod AS typmod, t.typbasetype, t.typtypmod
            FROM pg_catalog.pg_type AS t WHERE t.oid = a.atttypid
            UNION ALL
            SELECT t.oid, d.typtypmod, t.typbasetype, t.typtypmod
            FROM base AS d JOIN pg_catalog.pg_type AS t ON t.oid = d.typbasetype)
        SELECT d.oid, d.typmod FROM base AS d WHERE d.typbasetype = 0
    ) AS b
    WHERE a.attrelid = $2::bigint::oid AND a.attnum > 0 AND NOT a.attisdropped
), key AS (
    SELECT k.place, k.name, t.to_text, CASE WHEN t.is_made THEN t.to_text ELSE E'\002' END AS to_json,
           replace(t.of_text, E'\002',
                   CASE WHEN cardinality($3::text[]) = 1 THEN E'\001'
                        ELSE format(E'((\001)::jsonb ->> %s)', k.place - 1) END) AS of_text,
           cardinality($3::text[]) = 1 AS alone,
           t.atttypid IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype) AS is_time
    FROM unnest($3::text[]) WITH ORDINALITY AS k (name, place)
    JOIN typed AS t ON t.name = k.name
), keyed AS (
    SELECT CASE WHEN NOT bool_and(alone)
                THEN format('jsonb_build_array(%s)::text',
                            string_agg(replace(to_json, E'\002', format(E'\001.%I', name)), ', '
                                       ORDER BY place))
                WHEN bool_and(is_time)
                THEN string_agg(format(E'to_jsonb(\001.%I) #>> ''{}''', name), '')
                ELSE string_agg(replace(to_text, E'\002', format(E'\001.%I', name)), '') END AS of_row,
           CASE WHEN NOT bool_and(alone)
                THEN format('CASE WHEN %s THEN jsonb_build_array(%s)::text END',
                            string_agg(format('%I IS NOT NULL', name), ' AND ' ORDER BY place),
                            string_agg(replace(to_json, E'\002', format('%I', name)), ', ' ORDER BY place))
                WHEN bool_and(is_time) THEN string_agg(format('to_jsonb(%I) #>> ''{}''', name), '')
                ELSE string_agg(replace(to_text, E'\002', format('%I', name)), '') END AS of_names,
           string_agg(format(E'\001.%I', name), ', ' ORDER BY place) AS columns,
           string_agg(of_text, ', ' ORDER BY place) AS of_text,
           CASE WHEN NOT bool_and(alone)
                THEN format('jsonb_build_array(%s)::text',
                            string_agg(replace(to_json, E'\002', of_text), ', ' ORDER BY place))
                WHEN bool_and(is_time) THEN string_agg(format('to_jsonb(%s) #>> ''{}''', of_text), '')
                ELSE string_agg(replace(to_text, E'\002', of_text), '') END AS again
    FROM key
), read AS (
    SELECT concat(', ' || string_agg(replace(t.to_text, E'\002', format('%s.%I', n.short, u.name)), ', '
                                     ORDER BY u.place)) AS columns,
           repeat(', text', count(u.name)::integer) AS answers
    FROM named AS n
    LEFT JOIN unnest($4::text[]) WITH ORDINALITY AS u (name, place) ON true
    LEFT JOIN typed AS t ON t.name = u.name
    GROUP BY n.short
), noted AS (
    -- What a column is where it is gone: nothing in a key; in others something else before and after.
    SELECT string_agg(format('NULL::text AS %I', u.name), ', ' ORDER BY u.name)
               FILTER (WHERE u.of_key) AS key_gone,
           string_agg(CASE WHEN u.of_key THEN format('NULL::text AS %I', u.name)
                           ELSE format(E'\001::text AS %I', u.name) END, ', ' ORDER BY u.name) AS gone,
           string_agg(format('%I', u.name), ', ' ORDER BY u.name) AS watched
    FROM (SELECT DISTINCT w.name, w.name = ANY ($3::text[]) AS of_key
          FROM unnest($3::text[] || $6::text[]) AS w (name)) AS u
), sources AS (
    -- The keys of a statement's rows. Names stand alone: a row's column, or else what is around it.
    SELECT format(
$source$SELECT r.key
            FROM (SELECT %s) AS gone
            CROSS JOIN LATERAL (SELECT %s AS key FROM %s) AS r$source$, n.key_gone, k.of_names,
           E'\001') AS one,
           format(
$source$SELECT coalesce(n.key, o.key) AS key
            FROM (SELECT r.key, r.watched
                  FROM (SELECT %1$s) AS gone
                  CROSS JOIN LATERAL (SELECT %3$s AS key, ROW(%4$s) AS watched FROM new_rows) AS r
                 ) AS n
            FULL JOIN (SELECT r.key, r.watched
                       FROM (SELECT %2$s) AS gone
                       CROSS JOIN LATERAL (SELECT %3$s AS key, ROW(%4$s) AS watched FROM old_rows) AS r
                      ) AS o ON o.key = n.key
            WHERE n.key IS NULL OR o.key IS NULL OR o.watched *<> n.watched$source$,
           replace(n.gone, E'\001', quote_literal('new')), replace(n.gone, E'\001', quote_literal('old')),
           k.of_names,
           n.watched) AS both
    FROM noted AS n, keyed AS k
), body AS (
    SELECT format(
$body$
#variable_conflict use_column
DECLARE
    noted text[];
BEGIN
%2$s    END IF;
    IF noted IS NULL OR cardinality(noted) > 0 THEN
        INSERT INTO grove.attached_change (attached_id, keys) VALUES (%1$s, noted);
    END IF;
    RETURN NULL;
END $body$,
           $1::integer,
           (SELECT string_agg(format(
$branch$    %1$sIF TG_OP = '%2$s' THEN
        noted := ARRAY(
            SELECT s.key FROM (
            %3$s) AS s LIMIT 257);
        IF cardinality(noted) > 256 THEN
            INSERT INTO grove.attached_change (attached_id, keys)
            SELECT %4$s, array_agg(p.key)
            FROM (SELECT s.key, (row_number() OVER () - 1) / 256 AS part FROM (
            %3$s) AS s) AS p
            GROUP BY p.part;
            RETURN NULL;
        END IF;
$branch$, CASE WHEN o.place > 1 THEN 'ELS' END, o.name,
                       CASE o.name WHEN 'INSERT' THEN replace(s.one, E'\001', 'new_rows')
                                   WHEN 'DELETE' THEN replace(s.one, E'\001', 'old_rows')
                                   ELSE s.both END,
                       $1::integer), '' ORDER BY o.place)
            FROM unnest(ARRAY['INSERT', 'UPDATE', 'DELETE']) WITH ORDINALITY AS o (name, place))
           ) AS body
    FROM sources AS s
), members AS (
    SELECT m.relation, min(m.place) AS place
    FROM (SELECT n.name AS relation, 0 AS place, $2::bigint::oid AS oid FROM named AS n
          UNION ALL
          SELECT format('%I.%I', s.nspname, c.relname), 1 + t.level, c.oid
          FROM named AS n, pg_partition_tree($2::bigint::oid) AS t
          JOIN pg_catalog.pg_class AS c ON c.oid = t.relid
          JOIN pg_catalog.pg_namespace AS s ON s.oid = c.relnamespace
          WHERE n.relkind = 'p' AND t.level > 0) AS m
    WHERE (SELECT count(*) FROM pg_catalog.pg_trigger AS g
           WHERE g.tgrelid = m.oid
             AND g.tgfoid = to_regprocedure(format('grove.attached_%s()', $1::integer))) < 4
    GROUP BY m.relation
)
SELECT format(
$function$CREATE OR REPLACE FUNCTION grove.attached_%s() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $grove$%s$grove$;
REVOKE EXECUTE ON FUNCTION grove.attached_%1$s() FROM PUBLIC;
COMMENT ON FUNCTION grove.attached_%1$s IS 'notes the keys of rows of an attached table that change';
$function$, $1::integer, b.body),
       (SELECT coalesce(string_agg(format(
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
$triggers$, CASE WHEN m.place = 0 THEN format('grove_attached_%s', $1::integer)
                 ELSE format('grove_attached_%s_inserted', $1::integer) END,
            $1::integer, m.relation), '' ORDER BY m.place, m.relation), '')
        FROM members AS m),
       format(E'-- answers: text, text%s\n'
              'SELECT %s, r.*\nFROM unnest($1::text[]) AS grove_wanted (key)\n'
              'LEFT JOIN LATERAL (\n    SELECT %s%s\n    FROM %s\n    WHERE (%s) = (%s)%s\n) AS r ON true\n',
              r.answers, replace(k.again, E'\001', 'grove_wanted.key'),
              replace(k.of_row, E'\001', n.short), r.columns, n.name,
              replace(k.columns, E'\001', n.short), replace(k.of_text, E'\001', 'grove_wanted.key'),
              E' AND (\n' || $5::text || E'\n)'),
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
       array_to_string(l.columns, chr(31)),
       (SELECT p.prosrc <> b.body AND pg_has_role(p.proowner, 'USAGE')
        FROM pg_catalog.pg_proc AS p
        WHERE p.oid = to_regprocedure(format('grove.attached_%s()', $1::integer)))
FROM named AS n, lacking AS l, keyed AS k, read AS r, body AS b
