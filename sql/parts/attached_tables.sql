-- SPDX-License-Identifier: Apache-2.0
-- Tables that are attached, by the source of their documents: looked for once in a statement.
attached_tables AS MATERIALIZED (
    SELECT a.source, format('%I.%I', n.nspname, k.relname) AS name
    FROM grove.attached AS a
    JOIN pg_catalog.pg_trigger AS t ON
-- part: attached_trigger
    JOIN pg_catalog.pg_class AS k ON k.oid = t.tgrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = k.relnamespace
)
