-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: no
--
-- What a transaction does to a content is one change: the revision that it has drawn stands for all of
-- it, since nobody else has seen it, and so does the row that waits. A content that comes with its body
-- and its vector had drawn three, and three rows that a projector had to make one of.
--
-- Unless a vector was kept in between: one of that revision would count as of the text that comes now
-- (src/query: rows that wait are judged by revisions). What a savepoint did is not known to be ours, and
-- is noted again, as is what is not in the outbox as it was put in. They are looked up one by one
-- (OFFSET 0): what a plan expects of the conditions says nothing.
CREATE OR REPLACE FUNCTION grove.note_changed(content_ids integer[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    WITH changed AS (
        INSERT INTO grove.content_state AS s (content_id, revision, text_revision)
        SELECT ids.id, ids.number, ids.number
        FROM (SELECT d.id, nextval('grove.revision_seq') AS number
              FROM (SELECT DISTINCT u.id
                    FROM unnest(content_ids) AS u (id)
                    WHERE u.id NOT IN (
                        SELECT w.id
                        FROM unnest(content_ids) AS w (id)
                        CROSS JOIN LATERAL (
                            SELECT s.revision
                            FROM grove.content_state AS s
                            WHERE s.content_id = w.id
                              AND s.xmin = pg_current_xact_id()::xid
                              AND NOT EXISTS (SELECT
                                              FROM grove.embedding AS e
                                              WHERE e.content_id = s.content_id
                                                AND e.revision = s.revision)
                            OFFSET 0) AS ours
                        CROSS JOIN LATERAL (
                            SELECT
                            FROM grove.outbox AS o
                            WHERE o.content_id = w.id AND o.revision = ours.revision
                              AND o.xmin = pg_current_xact_id()::xid
                              AND o.lease_owner IS NULL AND o.attempts = 0
                              AND o.dead_since IS NULL
                            OFFSET 0) AS waits
                        WHERE w.id IS NOT NULL)
                    ORDER BY u.id) AS d) AS ids
        ON CONFLICT (content_id) DO UPDATE SET revision = nextval('grove.revision_seq')
        RETURNING s.content_id, s.revision
    )
    INSERT INTO grove.outbox (content_id, revision, deleted)
    SELECT c.content_id, c.revision, false
    FROM changed AS c
    ORDER BY c.content_id;
END $$;
