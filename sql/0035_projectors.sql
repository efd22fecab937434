-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: no
--
-- What the projectors of this database did (src/sync/notes.md): a row for what one handle of the
-- library did in one way, at most a hundred. Nothing but status asks for it. `noted_by` and
-- `database` are of whoever wrote the row: where it came out of a dump, or the database was made
-- from another as its template, they are not those of the row and of the database that it is in.
CREATE TABLE IF NOT EXISTS grove.projector (
    name text NOT NULL,                -- of the handle: host, process and a random number
    kind text NOT NULL,
    host text NOT NULL,
    process integer NOT NULL,
    application text NOT NULL,
    version text NOT NULL,
    session_pid integer,               -- null: that it ends says nothing
    session_since timestamptz,
    began_at timestamptz NOT NULL,
    worked_at timestamptz NOT NULL,
    ended_at timestamptz,
    written bigint NOT NULL,           -- points
    removed bigint NOT NULL,
    embedded bigint NOT NULL,
    refused bigint NOT NULL,           -- put back for another attempt, or given up on
    failures bigint NOT NULL,          -- steps that failed as a whole
    seconds_database double precision NOT NULL,
    seconds_embedding double precision NOT NULL,
    seconds_vectors double precision NOT NULL,
    rate double precision NOT NULL,    -- points a second, when it last worked
    failure text,
    failed_at timestamptz,
    noted_by xid NOT NULL,
    database oid NOT NULL,
    PRIMARY KEY (name, kind)
) WITH (fillfactor = 50);
COMMENT ON TABLE grove.projector IS 'what the projectors of this database did, for status';
