-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: no
--
-- A content's text is as new as the content: the vector of who had its id before may still be there, and
-- counted as its own until it was projected (src/query: rows that wait are judged by revisions).
CREATE OR REPLACE FUNCTION grove.note_changed(content_ids integer[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    WITH changed AS (
        INSERT INTO grove.content_state AS s (content_id, revision, text_revision)
        SELECT ids.id, ids.number, ids.number
        FROM (SELECT d.id, nextval('grove.revision_seq') AS number
              FROM (SELECT DISTINCT u.id FROM unnest(content_ids) AS u (id) ORDER BY u.id) AS d) AS ids
        ON CONFLICT (content_id) DO UPDATE SET revision = nextval('grove.revision_seq')
        RETURNING s.content_id, s.revision
    )
    INSERT INTO grove.outbox (content_id, revision, deleted)
    SELECT c.content_id, c.revision, false
    FROM changed AS c
    ORDER BY c.content_id;
END $$;

COMMENT ON COLUMN grove.content_state.text_revision IS
    'at which revision the text to embed changed last; 0, of before: not since the content was inserted';
