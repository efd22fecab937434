-- SPDX-License-Identifier: Apache-2.0
--
-- Writers and projectors have no row in common any more, at any isolation level; and no function does
-- for a session what the session may not do itself.
--
-- In repeatable read and serializable a statement fails that changes a row which somebody else has
-- changed since the transaction began. So a writer may change no row that a projector changes. Each
-- change of a content is a row of the outbox of its own now, under a revision that nobody had
-- before: writers insert rows and touch none that is there, projectors do the rest.
LOCK TABLE public.content_metadata, grove.embedding, grove.content_state, grove.outbox
    IN ACCESS EXCLUSIVE MODE;

ALTER TABLE grove.outbox
    DROP CONSTRAINT outbox_pkey,
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (content_id, revision),
    ADD COLUMN IF NOT EXISTS lease_pid integer,
    ADD COLUMN IF NOT EXISTS lease_session timestamptz;
COMMENT ON TABLE grove.outbox IS
    'changes of contents whose point in the vector engine is not known to be current';
COMMENT ON COLUMN grove.outbox.lease_pid IS
    'the server process of the session that took the lease; when it is gone the lease is, too';
COMMENT ON COLUMN grove.outbox.lease_session IS 'when that server process began';

-- A session that cannot be seen is not taken for gone: of another role's the beginning is hidden.
CREATE OR REPLACE FUNCTION grove.session_lives(pid integer, since timestamptz) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
RETURN pid IS NULL OR EXISTS (
    SELECT FROM pg_stat_get_activity(pid) AS a
    WHERE a.backend_start IS NULL OR since IS NULL OR a.backend_start = since);
COMMENT ON FUNCTION grove.session_lives IS 'whether a session may still be there';

-- The clock may be set back: a lease that ends later than a lease can end is none.
CREATE OR REPLACE FUNCTION grove.is_leased(lease_until timestamptz, pid integer, since timestamptz,
                                now timestamptz)
RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
RETURN coalesce(lease_until BETWEEN now AND now + interval '120 seconds'
                AND grove.session_lives(pid, since), false);
COMMENT ON FUNCTION grove.is_leased IS 'whether a lease of a row of the outbox holds';

-- A revision that was just drawn is nobody else's: the insert meets no row and waits for none.
CREATE OR REPLACE FUNCTION grove.note_changed(content_ids integer[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    WITH changed AS (
        INSERT INTO grove.content_state AS s (content_id, revision)
        SELECT id, nextval('grove.revision_seq')
        FROM (SELECT DISTINCT u.id FROM unnest(content_ids) AS u (id) ORDER BY u.id) AS ids
        ON CONFLICT (content_id) DO UPDATE SET revision = nextval('grove.revision_seq')
        RETURNING s.content_id, s.revision
    )
    INSERT INTO grove.outbox (content_id, revision, deleted)
    SELECT c.content_id, c.revision, false
    FROM changed AS c
    ORDER BY c.content_id;
END $$;

CREATE OR REPLACE FUNCTION grove.note_deleted(content_ids integer[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM grove.content_state WHERE content_id = ANY (content_ids);
    INSERT INTO grove.outbox (content_id, revision, deleted)
    SELECT id, nextval('grove.revision_seq'), true
    FROM (SELECT DISTINCT u.id FROM unnest(content_ids) AS u (id) ORDER BY u.id) AS ids;
END $$;

-- A content is given up on when all of its rows are.
CREATE OR REPLACE VIEW grove.dead_letter AS
SELECT o.content_id, o.revision, o.deleted, o.attempts, o.last_error, o.dead_since,
       m.hierarchy_table, m.leaf_id, m.content_type, m.chunk_number, m.title
FROM grove.outbox AS o
LEFT JOIN public.content_metadata AS m ON m.id = o.content_id
WHERE o.dead_since IS NOT NULL
  AND NOT EXISTS (SELECT FROM grove.outbox AS n
                  WHERE n.content_id = o.content_id
                    AND (n.dead_since IS NULL OR n.revision > o.revision));

-- What waits, one row a content.
CREATE OR REPLACE VIEW grove.waiting AS
SELECT o.content_id, max(o.revision) AS revision,
       (array_agg(o.deleted ORDER BY o.revision DESC))[1] AS deleted,
       min(o.attempts) AS attempts, max(o.lease_owner) AS lease_owner,
       bool_and(o.dead_since IS NOT NULL) AS dead,
       (array_agg(o.last_error ORDER BY o.revision DESC))[1] AS last_error,
       min(o.not_before) AS not_before, min(o.changed_at) AS changed_at
FROM grove.outbox AS o
GROUP BY o.content_id;
COMMENT ON VIEW grove.waiting IS
    'contents whose point in the vector engine is not known to be current, one row each';

-- Projectors and searches keep vectors while writers delete contents: a foreign key would have each
-- wait for the other, and fail the writer where the vector is newer than its transaction. The
-- vectors of what was deleted go when its point does (forget_vectors.sql).
ALTER TABLE grove.embedding DROP CONSTRAINT IF EXISTS embedding_content_id_fkey;

-- --- rights of the session -----------------------------------------------------------------------

-- No function of grove's does for a session what the session may not do itself.
--
-- SET grove.leaf_delete = 'cascade' had contents deleted with the rights of grove's owner, for a role
-- that may delete leaves only. Now the contents go in a trigger of their own, with the rights of
-- whoever deletes the leaf, and under its row security. The names of the triggers are their order:
-- grove_keep_leaf comes after, and finds what is left.
CREATE OR REPLACE FUNCTION grove.cascade_leaf() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('grove.leaf_delete', true) = 'cascade'
       AND current_setting('transaction_isolation') = 'read committed' THEN
        DELETE FROM public.content_metadata
        WHERE hierarchy_table = TG_TABLE_NAME AND leaf_id = OLD.id;
    END IF;
    RETURN OLD;
END $$;
COMMENT ON FUNCTION grove.cascade_leaf IS
    'deletes the contents of a leaf with it, where the session asks for that and may';

-- As before, but that it deletes nothing itself.
CREATE OR REPLACE FUNCTION grove.keep_leaf() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    contents bigint;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.id = OLD.id THEN
        RETURN NEW;
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
            MESSAGE = format('cannot delete leaves of %s in a %s transaction', TG_TABLE_NAME,
                             current_setting('transaction_isolation')),
            HINT = 'use BEGIN ISOLATION LEVEL READ COMMITTED';
    END IF;
    SELECT count(*) INTO contents FROM public.content_metadata
    WHERE hierarchy_table = TG_TABLE_NAME AND leaf_id = OLD.id;
    IF contents > 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
            MESSAGE = format('leaf %s of %s still has %s content%s', OLD.id, TG_TABLE_NAME, contents,
                             CASE WHEN contents > 1 THEN 's' ELSE '' END),
            DETAIL = format('It is %s/%s/%s.', OLD.branch, OLD.limb, OLD.leaf),
            HINT = 'delete them first, or SET grove.leaf_delete = ''cascade'' to delete them with it',
            TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA, CONSTRAINT = 'grove_leaf_in_use';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE OR REPLACE FUNCTION grove.attach_subject(new_tree text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    leaves text := new_tree || '_hierarchy';
BEGIN
    INSERT INTO grove.subject (hierarchy_table, tree) VALUES (leaves, new_tree);
    EXECUTE format('CREATE TRIGGER grove_cascade_leaf BEFORE DELETE ON public.%I'
                   ' FOR EACH ROW EXECUTE FUNCTION grove.cascade_leaf()', leaves);
    EXECUTE format('CREATE TRIGGER grove_keep_leaf BEFORE DELETE OR UPDATE OF id ON public.%I'
                   ' FOR EACH ROW EXECUTE FUNCTION grove.keep_leaf()', leaves);
    EXECUTE format('CREATE TRIGGER grove_keep_leaves BEFORE TRUNCATE ON public.%I'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION grove.keep_leaves()', leaves);
    PERFORM grove.rebuild_leaf_view();
END $$;

DO $$
DECLARE
    leaves text;
BEGIN
    FOR leaves IN SELECT hierarchy_table FROM grove.subject ORDER BY hierarchy_table LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER grove_cascade_leaf BEFORE DELETE ON public.%I'
                       ' FOR EACH ROW EXECUTE FUNCTION grove.cascade_leaf()', leaves);
    END LOOP;
END $$;

-- Whoever may use the schema, to read grove.leaf say, could call these with ids of their choice: to
-- have points of contents removed that are there. Called by the triggers they have the rights of
-- grove's owner already; called by anybody else, by a load say, they have that caller's.
ALTER FUNCTION grove.note_changed(integer[]) SECURITY INVOKER;
ALTER FUNCTION grove.note_deleted(integer[]) SECURITY INVOKER;
ALTER FUNCTION grove.note_text_changed(integer[]) SECURITY INVOKER;

-- As a trigger on a table of their own they would do the same. A trigger that is there needs no right
-- to execute its function.
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
