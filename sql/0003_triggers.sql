-- SPDX-License-Identifier: Apache-2.0
-- The rules every SQL client keeps without knowing of them: updated_at, leaves that exist, no
-- orphans, and every change noted for the projection.
--
-- The functions run with the rights of their owner and a fixed search_path, so that a role needs
-- rights on the public tables only. They do not fire while a replica or pg_restore with
-- session_replication_role = replica applies rows: those bring the grove schema's rows along.

-- --- change capture ---------------------------------------------------------------------------

-- Notes that contents changed. Rows are taken in the order of their ids, so that two writers of
-- many rows cannot lock each other out; the revision is drawn in the update itself, under the
-- row's lock, so that one content's revisions rise in the order of the commits.
CREATE FUNCTION grove.note_changed(content_ids integer[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH changed AS (
        INSERT INTO grove.content_state AS s (content_id, revision)
        SELECT id, nextval('grove.revision_seq')
        FROM (SELECT DISTINCT u.id FROM unnest(content_ids) AS u (id) ORDER BY u.id) AS ids
        ON CONFLICT (content_id) DO UPDATE SET revision = nextval('grove.revision_seq')
        RETURNING s.content_id, s.revision
    )
    INSERT INTO grove.outbox AS o (content_id, revision, deleted)
    SELECT c.content_id, c.revision, false
    FROM changed AS c
    ORDER BY c.content_id
    ON CONFLICT (content_id) DO UPDATE
    SET revision = excluded.revision, deleted = false, attempts = 0,
        not_before = clock_timestamp(), last_error = NULL, dead_since = NULL;
END;
COMMENT ON FUNCTION grove.note_changed IS 'gives contents a new revision and has them projected';

CREATE FUNCTION grove.note_deleted(content_ids integer[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM grove.content_state WHERE content_id = ANY (content_ids);
    INSERT INTO grove.outbox AS o (content_id, revision, deleted)
    SELECT id, nextval('grove.revision_seq'), true
    FROM (SELECT DISTINCT u.id FROM unnest(content_ids) AS u (id) ORDER BY u.id) AS ids
    ON CONFLICT (content_id) DO UPDATE
    SET revision = excluded.revision, deleted = true, attempts = 0,
        not_before = clock_timestamp(), last_error = NULL, dead_since = NULL;
END;
COMMENT ON FUNCTION grove.note_deleted IS 'has the points of deleted contents removed';

CREATE FUNCTION grove.content_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM grove.note_changed(array_agg(id)) FROM new_rows HAVING count(*) > 0;
    RETURN NULL;
END $$;

-- Only columns that reach the vector engine, or the text that is embedded, count.
CREATE FUNCTION grove.content_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM grove.note_changed(array_agg(n.id))
    FROM new_rows AS n
    JOIN old_rows AS o ON o.id = n.id
    WHERE (n.hierarchy_table, n.leaf_id, n.content_type, n.title, n.content_summary,
           n.chunk_number, n.word_count, n.created_at)
          IS DISTINCT FROM
          (o.hierarchy_table, o.leaf_id, o.content_type, o.title, o.content_summary,
           o.chunk_number, o.word_count, o.created_at)
    HAVING count(*) > 0;
    RETURN NULL;
END $$;

CREATE FUNCTION grove.content_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM grove.note_deleted(array_agg(id)) FROM old_rows HAVING count(*) > 0;
    RETURN NULL;
END $$;

CREATE FUNCTION grove.content_truncated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM grove.note_deleted(array_agg(content_id)) FROM grove.content_state HAVING count(*) > 0;
    RETURN NULL;
END $$;

CREATE TRIGGER grove_content_inserted AFTER INSERT ON public.content_metadata
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.content_inserted();
CREATE TRIGGER grove_content_updated AFTER UPDATE ON public.content_metadata
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.content_updated();
CREATE TRIGGER grove_content_deleted AFTER DELETE ON public.content_metadata
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.content_deleted();
CREATE TRIGGER grove_content_truncated AFTER TRUNCATE ON public.content_metadata
    FOR EACH STATEMENT EXECUTE FUNCTION grove.content_truncated();

-- Bodies. A body goes with its content (ON DELETE CASCADE): then the content has no state any
-- more and there is nothing to note.
CREATE FUNCTION grove.body_written() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM grove.note_changed(array_agg(content_id)) FROM new_rows HAVING count(*) > 0;
    RETURN NULL;
END $$;

CREATE FUNCTION grove.body_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM grove.note_changed(array_agg(o.content_id))
    FROM old_rows AS o
    JOIN public.content_metadata AS m ON m.id = o.content_id
    HAVING count(*) > 0;
    RETURN NULL;
END $$;

CREATE TRIGGER grove_body_inserted AFTER INSERT ON grove.body
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.body_written();
CREATE TRIGGER grove_body_updated AFTER UPDATE ON grove.body
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.body_written();
CREATE TRIGGER grove_body_deleted AFTER DELETE ON grove.body
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.body_deleted();

-- --- contents -----------------------------------------------------------------------------------

CREATE FUNCTION grove.set_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.updated_at := CURRENT_TIMESTAMP;
    RETURN NEW;
END $$;
CREATE TRIGGER grove_updated_at BEFORE UPDATE ON public.content_metadata
    FOR EACH ROW EXECUTE FUNCTION grove.set_updated_at();

-- The lock keeps the leaf from going before this transaction ends.
CREATE FUNCTION grove.check_leaf() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_leaf integer;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.id IS DISTINCT FROM OLD.id THEN
        RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
            MESSAGE = format('cannot change the id of content %s to %s', OLD.id, NEW.id),
            HINT = 'insert a new row and delete the old one';
    END IF;
    -- Another table name is the CHECK constraint's business, and its error is the clearer one.
    PERFORM FROM grove.subject AS s WHERE s.hierarchy_table = NEW.hierarchy_table;
    IF NOT FOUND OR NEW.leaf_id IS NULL THEN
        RETURN NEW;
    END IF;
    EXECUTE format('SELECT id FROM public.%I WHERE id = $1 FOR KEY SHARE', NEW.hierarchy_table)
        INTO found_leaf USING NEW.leaf_id;
    IF found_leaf IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
            MESSAGE = format('leaf %s does not exist in %s', NEW.leaf_id, NEW.hierarchy_table),
            DETAIL = format('Key (hierarchy_table, leaf_id)=(%s, %s) has no leaf.',
                            NEW.hierarchy_table, NEW.leaf_id),
            HINT = format('insert the leaf into %s first', NEW.hierarchy_table),
            TABLE = 'content_metadata', SCHEMA = 'public', CONSTRAINT = 'grove_leaf_exists';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER grove_leaf_exists BEFORE INSERT OR UPDATE OF id, hierarchy_table, leaf_id
    ON public.content_metadata
    FOR EACH ROW EXECUTE FUNCTION grove.check_leaf();

-- --- leaves -------------------------------------------------------------------------------------

-- A leaf with contents stays, as with a foreign key. A session that has said
-- SET grove.leaf_delete = 'cascade' deletes the contents with it.
-- The leaf's row is locked before this runs, so a concurrent insert of a content either committed
-- before and is counted here, or waits and then does not find the leaf. That holds as long as the
-- count sees what has just committed: not in a transaction that keeps an older snapshot.
CREATE FUNCTION grove.keep_leaf() RETURNS trigger
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
    IF TG_OP = 'DELETE' AND current_setting('grove.leaf_delete', true) = 'cascade' THEN
        DELETE FROM public.content_metadata
        WHERE hierarchy_table = TG_TABLE_NAME AND leaf_id = OLD.id;
        RETURN OLD;
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

CREATE FUNCTION grove.keep_leaves() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM public.content_metadata WHERE hierarchy_table = TG_TABLE_NAME LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
            MESSAGE = format('cannot truncate %s: contents refer to its leaves', TG_TABLE_NAME),
            HINT = 'delete or truncate the contents first',
            TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA, CONSTRAINT = 'grove_leaf_in_use';
    END IF;
    RETURN NULL;
END $$;

-- --- subjects -----------------------------------------------------------------------------------

-- All leaves of all trees; made anew whenever a subject comes or goes.
CREATE FUNCTION grove.rebuild_leaf_view() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parts text;
BEGIN
    SELECT string_agg(
               format('SELECT %L::varchar(50) AS hierarchy_table, %L::varchar(40) AS tree,'
                      ' id AS leaf_id, branch, limb, leaf, description, created_at FROM public.%I',
                      hierarchy_table, tree, hierarchy_table),
               ' UNION ALL ' ORDER BY hierarchy_table)
    INTO parts FROM grove.subject;
    EXECUTE 'CREATE OR REPLACE VIEW grove.leaf AS ' || parts;
    COMMENT ON VIEW grove.leaf IS 'the leaves of all trees';
END $$;

CREATE FUNCTION grove.attach_subject(new_tree text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    leaves text := new_tree || '_hierarchy';
BEGIN
    INSERT INTO grove.subject (hierarchy_table, tree) VALUES (leaves, new_tree);
    EXECUTE format('CREATE TRIGGER grove_keep_leaf BEFORE DELETE OR UPDATE OF id ON public.%I'
                   ' FOR EACH ROW EXECUTE FUNCTION grove.keep_leaf()', leaves);
    EXECUTE format('CREATE TRIGGER grove_keep_leaves BEFORE TRUNCATE ON public.%I'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION grove.keep_leaves()', leaves);
    PERFORM grove.rebuild_leaf_view();
END $$;
COMMENT ON FUNCTION grove.attach_subject IS
    'makes the table <tree>_hierarchy one of grove''s trees: its triggers, its place in grove.leaf';

-- Inserts the leaves that are missing; returns the id of each, by its place in the arrays.
CREATE FUNCTION grove.ensure_leaves(tree_table text, branches text[], limbs text[], leaves text[],
                                    descriptions text[])
RETURNS TABLE (place bigint, leaf_id integer, created boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new_ids integer[];
BEGIN
    -- Tried first without writing, so that serials do not run on and readers pay nothing.
    EXECUTE format(
        'WITH wanted AS (SELECT DISTINCT ON (w.branch, w.limb, w.leaf) w.*'
        ' FROM unnest($1, $2, $3, $4) AS w (branch, limb, leaf, description)'
        ' WHERE NOT EXISTS (SELECT FROM public.%1$I AS t'
        '                   WHERE (t.branch, t.limb, t.leaf) = (w.branch, w.limb, w.leaf))'
        ' ORDER BY w.branch, w.limb, w.leaf), made AS ('
        ' INSERT INTO public.%1$I (branch, limb, leaf, description)'
        ' SELECT branch, limb, leaf, description FROM wanted ORDER BY branch, limb, leaf'
        ' ON CONFLICT (branch, limb, leaf) DO NOTHING RETURNING id)'
        ' SELECT array_agg(id) FROM made', tree_table)
    INTO new_ids USING branches, limbs, leaves, descriptions;
    RETURN QUERY EXECUTE format(
        'SELECT w.place, t.id, t.id = ANY (coalesce($4, ''{}''))'
        ' FROM unnest($1, $2, $3) WITH ORDINALITY AS w (branch, limb, leaf, place)'
        ' JOIN public.%I AS t ON (t.branch, t.limb, t.leaf) = (w.branch, w.limb, w.leaf)'
        ' ORDER BY w.place', tree_table)
    USING branches, limbs, leaves, new_ids;
END $$;
COMMENT ON FUNCTION grove.ensure_leaves IS 'the ids of leaves, made where they are missing';

SELECT grove.attach_subject(tree)
FROM unnest(ARRAY['religion', 'subject1', 'subject2', 'subject3', 'subject4', 'subject5',
                  'subject6', 'subject7', 'subject8']) AS t (tree);

-- --- rows that were here before grove -------------------------------------------------------------

SELECT grove.note_changed(array_agg(id)) FROM public.content_metadata HAVING count(*) > 0;
