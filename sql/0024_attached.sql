-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: yes
--
-- Tables of somebody's that are kept in step (attach.md). Which table an attachment is of is not written
-- down: its triggers stand on it. So it may be renamed, moved, dumped and restored.
CREATE TABLE IF NOT EXISTS grove.attached (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source varchar(100) NOT NULL CONSTRAINT attached_source UNIQUE,
    key_columns text[] NOT NULL,
    path text NOT NULL,
    content_type text NOT NULL,
    title text,
    body text NOT NULL,
    created text,
    url text,
    metadata text,
    condition text,
    watched text[] NOT NULL,
    attached_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The filling: how far it has come, by the table's key.
    rows_expected bigint NOT NULL DEFAULT 0,
    filled_to text,
    filled_rows bigint NOT NULL DEFAULT 0,
    filled_at timestamptz,
    -- What keeps all of it from being read, and when to try again.
    problem text,
    retry_at timestamptz,
    leaving boolean NOT NULL DEFAULT false,
    partitions text
);
COMMENT ON TABLE grove.attached IS
    'tables whose rows are documents, kept in step by triggers that stand on them';
COMMENT ON COLUMN grove.attached.filled_at IS 'when all rows had been read; null: not yet';
COMMENT ON COLUMN grove.attached.partitions IS
    'those that have its triggers; null: the table is not partitioned';
COMMENT ON COLUMN grove.attached.leaving IS 'it is being detached: nothing is read any more';

-- What writers note. No row of it is changed by two: writers insert, whoever takes rows in deletes. It
-- refers to nothing, so that a writer locks nothing.
CREATE TABLE IF NOT EXISTS grove.attached_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attached_id integer NOT NULL,
    keys text[],
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000);
COMMENT ON TABLE grove.attached_change IS
    'keys of rows of attached tables that were changed and are to be read; null: all of them';

CREATE TABLE IF NOT EXISTS grove.attached_refused (
    attached_id integer NOT NULL REFERENCES grove.attached (id) ON DELETE CASCADE,
    key text NOT NULL,
    reason text NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT attached_refused_pkey PRIMARY KEY (attached_id, key)
);
COMMENT ON TABLE grove.attached_refused IS 'rows of attached tables that cannot be contents, and why';

CREATE TABLE IF NOT EXISTS grove.attached_leaf (
    attached_id integer NOT NULL REFERENCES grove.attached (id) ON DELETE CASCADE,
    hierarchy_table varchar(50) NOT NULL,
    leaf_id integer NOT NULL,
    CONSTRAINT attached_leaf_pkey PRIMARY KEY (attached_id, hierarchy_table, leaf_id)
);
COMMENT ON TABLE grove.attached_leaf IS 'leaves that were made for rows of attached tables';
CREATE INDEX IF NOT EXISTS attached_change_of ON grove.attached_change (attached_id);

-- Partitions come and go, and triggers of statements do not come with them: whoever takes rows in
-- compares these with those that have triggers.
CREATE OR REPLACE FUNCTION grove.attached_partitions(attached_id integer) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN c.relkind = 'p'
                THEN coalesce((SELECT string_agg(t.relid::oid::text, ',' ORDER BY t.relid::oid)
                               FROM pg_partition_tree(c.oid) AS t WHERE t.level > 0), '') END
    FROM pg_trigger AS g
    JOIN pg_class AS c ON c.oid = g.tgrelid
    WHERE g.tgname = concat('grove_attached_', attached_id)
$$;
COMMENT ON FUNCTION grove.attached_partitions IS 'the partitions that an attached table has now';
REVOKE EXECUTE ON FUNCTION grove.attached_partitions(integer) FROM PUBLIC;
