-- SPDX-License-Identifier: Apache-2.0
--
-- Whether a vector is that of a content's text, without reading the text: the state of a content
-- tells at which revision its text changed last, an embedding at which revision its text was read.
--
-- Both are about the text alone. A content that moves to another leaf takes a new revision, and its
-- embedding stays current. Embeddings from before have no revision: the hash of the text decides.
ALTER TABLE grove.content_state ADD COLUMN text_revision bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN grove.content_state.text_revision IS
    'at which revision the text to embed changed last; 0: not since the content was inserted';
ALTER TABLE grove.embedding ADD COLUMN revision bigint;
COMMENT ON COLUMN grove.embedding.revision IS
    'a revision at which the content had the text of text_sha256; null: not known';

-- The states were changed by this transaction already (grove.note_changed): nothing is waited for.
CREATE FUNCTION grove.note_text_changed(content_ids integer[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE grove.content_state SET text_revision = revision
    WHERE content_id = ANY (content_ids);
END;
COMMENT ON FUNCTION grove.note_text_changed IS 'notes that the texts of contents are others now';

-- A summary is the text of contents without a body only.
CREATE FUNCTION grove.content_text_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM grove.note_text_changed(array_agg(n.id))
    FROM new_rows AS n
    JOIN old_rows AS o ON o.id = n.id
    WHERE n.title IS DISTINCT FROM o.title
       OR (n.content_summary IS DISTINCT FROM o.content_summary
           AND NOT EXISTS (SELECT FROM grove.body AS b WHERE b.content_id = n.id))
    HAVING count(*) > 0;
    RETURN NULL;
END $$;

CREATE FUNCTION grove.body_text_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM grove.note_text_changed(array_agg(content_id)) FROM new_rows HAVING count(*) > 0;
    RETURN NULL;
END $$;

CREATE FUNCTION grove.body_text_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM grove.note_text_changed(array_agg(n.content_id))
    FROM new_rows AS n
    LEFT JOIN old_rows AS o ON o.content_id = n.content_id
    WHERE n.body IS DISTINCT FROM o.body
    HAVING count(*) > 0;
    -- A body that was given to another content is gone from the one that had it, which nobody has
    -- noted.
    PERFORM grove.note_changed(array_agg(o.content_id)),
            grove.note_text_changed(array_agg(o.content_id))
    FROM old_rows AS o
    WHERE NOT EXISTS (SELECT FROM new_rows AS n WHERE n.content_id = o.content_id)
    HAVING count(*) > 0;
    RETURN NULL;
END $$;

-- Where a body goes with its content there is nothing to note, and no state to lock.
CREATE FUNCTION grove.body_text_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM grove.note_text_changed(array_agg(o.content_id))
    FROM old_rows AS o
    JOIN public.content_metadata AS m ON m.id = o.content_id
    HAVING count(*) > 0;
    RETURN NULL;
END $$;

-- Triggers of one event fire in the order of their names: these after those that draw revisions.
CREATE TRIGGER grove_text_updated AFTER UPDATE ON public.content_metadata
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.content_text_updated();
CREATE TRIGGER grove_text_inserted AFTER INSERT ON grove.body
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.body_text_inserted();
CREATE TRIGGER grove_text_updated AFTER UPDATE ON grove.body
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.body_text_updated();
CREATE TRIGGER grove_text_deleted AFTER DELETE ON grove.body
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.body_text_deleted();

-- Whoever writes a hash and no revision with it is believed by the hash.
CREATE FUNCTION grove.forget_revision() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.revision := NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER grove_revision_unknown BEFORE UPDATE ON grove.embedding
    FOR EACH ROW WHEN (NEW.text_sha256 <> OLD.text_sha256 AND NEW.revision = OLD.revision)
    EXECUTE FUNCTION grove.forget_revision();
