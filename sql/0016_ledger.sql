-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: yes
--
-- What a migration leaves may be good enough for libraries that do not know it. So that they can tell,
-- each says from which one on a library can work with what it leaves. Libraries that know 15 or less
-- cannot ask that: they demand that the newest row of grove.migration is their own. So migrations from
-- this one on stand here, and have a row there only where no such library may go on.
CREATE TABLE IF NOT EXISTS grove.ledger (
    version integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('transactional', 'online', 'backfill')),
    compatible_from integer NOT NULL CHECK (compatible_from BETWEEN 1 AND version),
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    steps_done integer NOT NULL DEFAULT 0 CHECK (steps_done >= 0),
    applied_at timestamptz,
    duration_ms integer,
    filled_to bigint,
    filled_at timestamptz,
    stands_on integer NOT NULL DEFAULT 15 REFERENCES grove.migration (version) ON DELETE CASCADE
);
COMMENT ON TABLE grove.ledger IS
    'migrations from 16 on, begun and applied; compatible_from: libraries that know this one can work with what it leaves; filled_to: how far its backfill has come';
COMMENT ON COLUMN grove.ledger.stands_on IS
    'whoever takes the migrations of before back takes these, too';

-- Of those that stand in grove.migration alone each demands a library that knows it.
CREATE OR REPLACE VIEW grove.schema_version AS
SELECT coalesce(max(a.version) FILTER (WHERE a.applied), 0) AS version,
       coalesce(max(a.compatible_from), 0) AS compatible_from
FROM (
    SELECT l.version, l.compatible_from, l.applied_at IS NOT NULL AS applied
    FROM grove.ledger AS l
    UNION ALL
    SELECT m.version, m.version, true
    FROM grove.migration AS m
    WHERE NOT EXISTS (SELECT FROM grove.ledger AS l WHERE l.version = m.version)
) AS a;
COMMENT ON VIEW grove.schema_version IS
    'the newest migration that is applied, and the one that a library must know to work with all that were begun';
