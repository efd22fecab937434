-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: no
--
-- What a hand takes out of grove's own tables is missed. Contents whose vectors go wait for new ones,
-- and states that go are made anew; rows that say what waits, and where things are, cannot be
-- truncated: nobody could tell afterwards what they said.
--
-- None of it costs a writer or a projector anything: what they delete here they delete with the
-- contents, or of contents that are gone.
LOCK TABLE public.content_metadata, grove.embedding, grove.content_state, grove.outbox
    IN SHARE ROW EXCLUSIVE MODE;

-- --- vectors -------------------------------------------------------------------------------------

-- The contents did not change, and keep their revisions; a row of a revision that was just drawn is
-- nobody else's, so that nobody is waited for (projector/again.sql). Vectors of another model are not
-- missed, and those of contents that are gone go with their points.
CREATE OR REPLACE FUNCTION grove.embedding_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO grove.outbox (content_id, revision, deleted)
    SELECT s.content_id, nextval('grove.revision_seq'), false
    FROM old_rows AS o
    JOIN grove.content_state AS s ON s.content_id = o.content_id
    WHERE o.model = (SELECT value FROM grove.setting WHERE name = 'model')
    ORDER BY s.content_id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION grove.embedding_deleted IS 'has contents projected that lost their vectors';

CREATE OR REPLACE FUNCTION grove.embedding_truncated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO grove.outbox (content_id, revision, deleted)
    SELECT s.content_id, nextval('grove.revision_seq'), false
    FROM grove.content_state AS s
    ORDER BY s.content_id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION grove.embedding_truncated IS 'has all contents projected: none has a vector';

CREATE OR REPLACE TRIGGER grove_embedding_deleted AFTER DELETE ON grove.embedding
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.embedding_deleted();
CREATE OR REPLACE TRIGGER grove_check_truncate BEFORE TRUNCATE ON grove.embedding
    FOR EACH STATEMENT EXECUTE FUNCTION grove.check_truncate();
CREATE OR REPLACE TRIGGER grove_embedding_truncated AFTER TRUNCATE ON grove.embedding
    FOR EACH STATEMENT EXECUTE FUNCTION grove.embedding_truncated();

-- --- states --------------------------------------------------------------------------------------

-- At which revision the text changed last is not known any more: it counts as of now, and the vectors
-- as of another text, until it is read.
CREATE OR REPLACE FUNCTION grove.state_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    content_ids integer[];
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        SELECT array_agg(m.id) INTO content_ids FROM public.content_metadata AS m;
    ELSE
        SELECT array_agg(m.id) INTO content_ids
        FROM old_rows AS o
        JOIN public.content_metadata AS m ON m.id = o.content_id;
    END IF;
    IF content_ids IS NOT NULL THEN
        PERFORM grove.note_changed(content_ids);
        PERFORM grove.note_text_changed(content_ids);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION grove.state_deleted IS 'gives contents a state again that lost theirs';

-- What contents themselves do with their states they do in triggers.
CREATE OR REPLACE TRIGGER grove_state_deleted AFTER DELETE ON grove.content_state
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION grove.state_deleted();
CREATE OR REPLACE TRIGGER grove_check_truncate BEFORE TRUNCATE ON grove.content_state
    FOR EACH STATEMENT EXECUTE FUNCTION grove.check_truncate();
CREATE OR REPLACE TRIGGER grove_state_truncated AFTER TRUNCATE ON grove.content_state
    FOR EACH STATEMENT EXECUTE FUNCTION grove.state_deleted();

-- --- what cannot be taken ------------------------------------------------------------------------

-- A revision that stands beside a vector is of that content only.
CREATE OR REPLACE FUNCTION grove.keep_owner() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
        MESSAGE = format('cannot change whose the row of content %s in %s.%s is', OLD.content_id,
                         TG_TABLE_SCHEMA, TG_TABLE_NAME),
        HINT = 'delete it: grove makes the content another one';
END $$;
COMMENT ON FUNCTION grove.keep_owner IS 'refuses to change whose a row is';
CREATE OR REPLACE TRIGGER grove_keep_owner BEFORE UPDATE OF content_id, model ON grove.embedding
    FOR EACH ROW WHEN ((OLD.content_id, OLD.model) IS DISTINCT FROM (NEW.content_id, NEW.model))
    EXECUTE FUNCTION grove.keep_owner();
CREATE OR REPLACE TRIGGER grove_keep_owner BEFORE UPDATE OF content_id ON grove.content_state
    FOR EACH ROW WHEN (OLD.content_id <> NEW.content_id) EXECUTE FUNCTION grove.keep_owner();

CREATE OR REPLACE FUNCTION grove.keep_rows() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
        MESSAGE = format('cannot truncate %s.%s', TG_TABLE_SCHEMA, TG_TABLE_NAME),
        DETAIL = 'What it says is not said anywhere else.',
        HINT = 'truncate the contents, or the tables of the trees: it goes along';
END $$;
COMMENT ON FUNCTION grove.keep_rows IS 'refuses TRUNCATE of what grove keeps by triggers';

-- Counts go by the triggers of the contents.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['subject', 'setting', 'outbox', 'branch', 'limb', 'leaf',
                                'content_count', 'tree_count'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER grove_keep_rows BEFORE TRUNCATE ON grove.%I'
                       ' FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0)'
                       ' EXECUTE FUNCTION grove.keep_rows()', name);
    END LOOP;
END $$;

-- --- what is missing by now ----------------------------------------------------------------------

DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT p.oid::regprocedure::text
                FROM pg_catalog.pg_proc AS p
                WHERE p.pronamespace = 'grove'::regnamespace AND p.prosecdef
                ORDER BY 1 LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', name);
    END LOOP;
END $$;

-- Nobody writes meanwhile.
WITH lost AS (
    SELECT array_agg(m.id) AS content_ids
    FROM public.content_metadata AS m
    WHERE NOT EXISTS (SELECT FROM grove.content_state AS s WHERE s.content_id = m.id)
    HAVING count(*) > 0
)
SELECT grove.note_changed(content_ids), grove.note_text_changed(content_ids) FROM lost;

INSERT INTO grove.outbox (content_id, revision, deleted)
SELECT s.content_id, nextval('grove.revision_seq'), false
FROM grove.content_state AS s
WHERE NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = s.content_id)
  AND NOT EXISTS (SELECT
                  FROM grove.embedding AS e
                  JOIN grove.setting AS g ON g.name = 'model' AND g.value = e.model
                  WHERE e.content_id = s.content_id)
ORDER BY s.content_id;
