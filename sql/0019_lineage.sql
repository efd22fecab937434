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
-- folder was moved while it runs cannot read who it is, and a service may keep both to itself: null,
-- and nothing is made of it.
CREATE OR REPLACE FUNCTION grove.whereabouts(OUT system bigint, OUT database oid, OUT timeline text)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    SELECT d.oid INTO database
    FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database();
    BEGIN
        SELECT s.system_identifier INTO system FROM pg_catalog.pg_control_system() AS s;
    EXCEPTION WHEN undefined_file OR insufficient_privilege OR feature_not_supported THEN
        NULL;
    END;
    IF NOT pg_catalog.pg_is_in_recovery() THEN
        timeline := pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()),
                                      1, 8);
    END IF;
EXCEPTION WHEN insufficient_privilege OR feature_not_supported THEN
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
        WHEN l.system = coalesce(w.system, l.system) AND l.database <> w.database THEN 'copied'
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
SELECT grove.new_history(), coalesce(w.system, 0), w.database, coalesce(w.timeline, ''),
       pg_current_xact_id()::xid
FROM grove.whereabouts() AS w
ON CONFLICT DO NOTHING;

-- The contents that were acknowledged last, and the revisions at which the engine was seen to hold them;
-- -1: it held no point. An engine that is an older copy does not hold them so.
CREATE TABLE IF NOT EXISTS grove.witness (
    is_one boolean PRIMARY KEY DEFAULT true CHECK (is_one),
    content_ids integer[] NOT NULL DEFAULT '{}',
    revisions bigint[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE grove.witness IS 'the contents that left the outbox last';
INSERT INTO grove.witness DEFAULT VALUES ON CONFLICT DO NOTHING;

-- Libraries that do not know this do not ask grove.is_settled. What they would lease is refused, so
-- that nothing is projected before it was compared. It is STABLE: it sees what the statement sees, so
-- a statement that has asked never fails.
CREATE OR REPLACE FUNCTION grove.check_lease() RETURNS trigger
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM changed_rows WHERE lease_owner IS NOT NULL) AND NOT grove.is_settled() THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'the vector engine has to be compared with the database first',
            HINT = 'this grove cannot do that: run "grove sync" of the newest that uses the database';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION grove.check_lease IS
    'nothing is leased while the engine is not known to be the projection of this history';
REVOKE EXECUTE ON FUNCTION grove.check_lease() FROM PUBLIC;
CREATE OR REPLACE TRIGGER check_lease AFTER UPDATE ON grove.outbox
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.check_lease();

-- Whoever may read the outbox, or change it, may do so here.
DO $$
DECLARE
    right_of record;
BEGIN
    FOR right_of IN
        SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee,
               a.privilege_type, a.is_grantable
        FROM pg_catalog.pg_class AS c, aclexplode(c.relacl) AS a
        WHERE c.oid = 'grove.outbox'::regclass
          AND a.privilege_type IN ('SELECT', 'UPDATE') AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('GRANT %s ON grove.lineage, grove.witness TO %s%s', right_of.privilege_type,
                       right_of.grantee,
                       CASE WHEN right_of.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
    END LOOP;
END $$;
