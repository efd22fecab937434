-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: yes
--
-- Which database this is, which stretch of its history, and whether the vector engine is known to be
-- the projection of it (src/sync/lineage.md).

-- One row. `written` is the transaction that wrote it: a row that came out of a dump was written by
-- another than it says. Whoever updates the row sets it.
CREATE TABLE IF NOT EXISTS grove.lineage (
    is_one boolean PRIMARY KEY DEFAULT true CHECK (is_one),
    identity uuid NOT NULL DEFAULT gen_random_uuid(),
    epoch bigint NOT NULL DEFAULT 1,
    history text NOT NULL,
    system bigint NOT NULL,
    database oid NOT NULL,
    timeline text NOT NULL,
    written xid NOT NULL,
    marked boolean NOT NULL DEFAULT false,
    doubt text,
    doubted_at timestamptz,
    compared_from bigint NOT NULL DEFAULT 0,
    claimed_by text,
    claimed_until timestamptz
);
ALTER TABLE grove.lineage
    DROP CONSTRAINT IF EXISTS lineage_epoch_counts,
    DROP CONSTRAINT IF EXISTS lineage_history_is_hexadecimal,
    ADD CONSTRAINT lineage_epoch_counts CHECK (epoch > 0),
    ADD CONSTRAINT lineage_history_is_hexadecimal CHECK (history ~ '^[0-9a-f]{16}$');
COMMENT ON TABLE grove.lineage IS
    'which database this is, and which stretch of its history; doubt: why its projection is to be compared';

-- Where this database is now. A server in recovery has no timeline of its own to tell. One whose
-- folder was moved while it runs cannot read who it is: null, and nothing is made of it.
CREATE OR REPLACE FUNCTION grove.whereabouts(OUT system bigint, OUT database oid, OUT timeline text)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    SELECT d.oid INTO database
    FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database();
    IF NOT pg_catalog.pg_is_in_recovery() THEN
        timeline := pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()),
                                      1, 8);
    END IF;
    SELECT s.system_identifier INTO system FROM pg_catalog.pg_control_system() AS s;
EXCEPTION WHEN undefined_file THEN
    NULL;
END
$$;

CREATE OR REPLACE FUNCTION grove.new_history() RETURNS text
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT pg_catalog.substr(pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', ''), 1, 16);
END;

-- What has happened to the database since its row was written; null: nothing that could be told.
--   copied    another database of the server has the row: this one was made from it as a template; or
--             it came out of a dump, and the one that was dumped may be there still
--   restored  out of a dump, where the database itself was before
--   cut       the server has begun another timeline, or is another one: a base backup, a moment in
--             time, a failover, an upgrade
CREATE OR REPLACE FUNCTION grove.lineage_break() RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE
        WHEN l.written <> l.xmin THEN
            CASE WHEN l.system <> w.system
                   OR l.database <> w.database
                      AND EXISTS (SELECT FROM pg_catalog.pg_database AS d WHERE d.oid = l.database)
                 THEN 'copied' ELSE 'restored' END
        WHEN l.system = w.system AND l.database <> w.database THEN 'copied'
        WHEN l.system <> w.system OR l.timeline <> w.timeline THEN 'cut'
        END
    FROM grove.lineage AS l, grove.whereabouts() AS w;
END;

-- Whether rows may be leased: nothing speaks against the engine's being the projection of this history.
CREATE OR REPLACE FUNCTION grove.is_settled() RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT l.doubt IS NULL AND grove.lineage_break() IS NULL FROM grove.lineage AS l;
END;

INSERT INTO grove.lineage (history, system, database, timeline, written)
SELECT grove.new_history(), coalesce(w.system, 0), w.database, w.timeline, pg_current_xact_id()::xid
FROM grove.whereabouts() AS w
ON CONFLICT DO NOTHING;

-- The contents that were acknowledged last: an engine that is an older copy does not hold them.
CREATE TABLE IF NOT EXISTS grove.witness (
    is_one boolean PRIMARY KEY DEFAULT true CHECK (is_one),
    content_ids integer[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE grove.witness IS 'the contents that left the outbox last';
INSERT INTO grove.witness DEFAULT VALUES ON CONFLICT DO NOTHING;
