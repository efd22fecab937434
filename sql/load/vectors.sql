-- SPDX-License-Identifier: Apache-2.0
-- Loading: keeps the vectors that came with contents; contents without one lose a placeholder
-- vector, so that a computed one takes its place.
--   $1 integer[]  content ids
--   $2 bytea[]    vectors; null: none given
--   $3 text       origin: supplied or placeholder
-- answers: integer
-- They are kept under the database's model, whichever that is by now. Where it changes before this is
-- committed a projector takes them over to the new one (projector/adopt_vectors.sql).
-- The contents that were changed. They take a new revision, since their points change, unless this
-- transaction has drawn theirs: then the row that waits stands for the vector, too.
WITH setting AS MATERIALIZED (
    SELECT value AS model FROM grove.setting WHERE name = 'model'
), given AS (
    SELECT g.content_id, g.vector, s.revision,
           sha256(convert_to(m.title || E'\n' || coalesce(b.body, m.content_summary), 'UTF8'))
               AS text_sha256
    FROM unnest($1::integer[], $2::bytea[]) AS g (content_id, vector)
    JOIN public.content_metadata AS m ON m.id = g.content_id
    JOIN grove.content_state AS s ON s.content_id = g.content_id
    LEFT JOIN grove.body AS b ON b.content_id = g.content_id
), dropped AS (
    DELETE FROM grove.embedding AS e
    USING given AS g
    WHERE e.content_id = g.content_id
      AND g.vector IS NULL AND e.origin = 'placeholder'
    RETURNING e.content_id
), kept AS (
    INSERT INTO grove.embedding AS e (content_id, model, text_sha256, origin, vector, revision)
    SELECT content_id, setting.model, text_sha256, $3, vector, revision
    FROM given, setting WHERE vector IS NOT NULL ORDER BY content_id
    ON CONFLICT (content_id, model) DO UPDATE
    SET text_sha256 = excluded.text_sha256, origin = excluded.origin, vector = excluded.vector,
        revision = excluded.revision, created_at = clock_timestamp()
    WHERE (e.text_sha256, e.origin, e.vector)
          IS DISTINCT FROM (excluded.text_sha256, excluded.origin, excluded.vector)
    RETURNING e.content_id
), changed AS (
    SELECT content_id FROM dropped UNION ALL SELECT content_id FROM kept
), noted AS MATERIALIZED (
    SELECT grove.note_changed(array_agg(c.content_id))
    FROM changed AS c
    -- Looked up one by one (OFFSET 0): what a plan expects of the conditions says nothing.
    WHERE c.content_id NOT IN (
              SELECT w.id
              FROM unnest($1::integer[]) AS w (id)
              CROSS JOIN LATERAL (
                  SELECT s.revision
                  FROM grove.content_state AS s
                  WHERE s.content_id = w.id AND s.xmin = pg_current_xact_id()::xid
                  OFFSET 0) AS ours
              CROSS JOIN LATERAL (
                  SELECT
                  FROM grove.outbox AS o
                  WHERE o.content_id = w.id AND o.revision = ours.revision
                    AND o.xmin = pg_current_xact_id()::xid
                    AND o.lease_owner IS NULL AND o.attempts = 0 AND o.dead_since IS NULL
                  OFFSET 0) AS waits
              WHERE w.id IS NOT NULL)
    HAVING count(*) > 0
)
SELECT c.content_id FROM changed AS c WHERE (SELECT count(*) FROM noted) >= 0
