-- SPDX-License-Identifier: Apache-2.0
-- Attaching: what there is of a table.
--   $1 text    its name, as SQL has it
--   $2 text[]  the columns of its key; null: those of the primary key
-- answers: bigint, text, text, text, text, boolean, boolean, boolean, boolean, bigint, text, text, text,
--          text, integer
-- No row: there is none. Its id; its name, quoted and as it is; kind and persistence; whether it is a
-- partition, has tables that inherit from it, may be read by us, may get triggers from us; an estimate of
-- its rows; its columns; the key, null where there is none of these columns; its types; columns of it
-- whose type is none that a text can stand for; the attachment that it has already. Lists have chr(31)
-- between their parts.
WITH found AS (
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, c.relispartition, c.reltuples
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid =
-- part: named_table
), key AS (
    SELECT x.columns
    FROM found AS f
    JOIN pg_catalog.pg_index AS i ON i.indrelid = f.oid
    CROSS JOIN LATERAL (
        SELECT array_agg(a.attname::text ORDER BY k.place) AS columns,
               bool_and(a.attnotnull) AS filled
        FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.oid AND a.attnum = k.number
        WHERE k.place <= i.indnkeyatts
    ) AS x
    WHERE i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL
      AND i.indexprs IS NULL AND x.filled
      AND CASE WHEN $2::text[] IS NULL THEN i.indisprimary
               ELSE x.columns @> $2::text[] AND x.columns <@ $2::text[] END
    ORDER BY i.indisprimary DESC, i.indexrelid
    LIMIT 1
), typed AS (
    SELECT array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY k.place) AS types,
           array_agg(a.attname::text ORDER BY k.place)
               FILTER (WHERE NOT (t.typcategory IN ('S', 'B', 'E')
                                  OR a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype,
                                                    'numeric'::regtype, 'uuid'::regtype,
                                                    'date'::regtype, 'timestamp'::regtype,
                                                    'timestamptz'::regtype)
                                  OR t.typbasetype <> 0)) AS others
    FROM found AS f, key, unnest(key.columns) WITH ORDINALITY AS k (name, place)
    JOIN pg_catalog.pg_attribute AS a ON a.attname = k.name
    JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = f.oid
)
SELECT f.oid::bigint, format('%I.%I', f.nspname, f.relname), f.nspname || '.' || f.relname,
       f.relkind::text, f.relpersistence::text, f.relispartition,
       f.relkind <> 'p' AND EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = f.oid),
       has_table_privilege(f.oid, 'SELECT'), has_table_privilege(f.oid, 'TRIGGER'),
       greatest(f.reltuples, 0)::bigint,
       (SELECT string_agg(a.attname, chr(31) ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = f.oid AND a.attnum > 0 AND NOT a.attisdropped),
       array_to_string(key.columns, chr(31)), array_to_string(typed.types, chr(31)),
       array_to_string(typed.others, chr(31)),
       (SELECT min(a.id)
        FROM grove.attached AS a
        JOIN pg_catalog.pg_trigger AS t ON
-- part: attached_trigger
        WHERE t.tgrelid = f.oid)
FROM found AS f
LEFT JOIN key ON true
LEFT JOIN typed ON true
