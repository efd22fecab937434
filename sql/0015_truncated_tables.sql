-- SPDX-License-Identifier: Apache-2.0
--
-- TRUNCATE takes all rows, those as well that were committed since the transaction's snapshot. In
-- repeatable read and serializable grove does not see these, and would not note what becomes of them:
-- states and points of contents that are gone, vectors of bodies that are. So it is refused, as it is
-- of a tree's leaves.
CREATE OR REPLACE FUNCTION grove.check_truncate() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
            MESSAGE = format('cannot truncate %s in a %s transaction', TG_TABLE_NAME,
                             current_setting('transaction_isolation')),
            HINT = 'use BEGIN ISOLATION LEVEL READ COMMITTED';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION grove.check_truncate IS
    'refuses TRUNCATE where the snapshot may be older than rows of the table';

-- What DELETE notes: the contents that have bodies have another text without them. It is noted before,
-- since nobody can tell afterwards which they were. The table is locked by then: no body comes between.
-- Where the contents go as well, grove.content_truncated comes later and takes their states away.
CREATE OR REPLACE FUNCTION grove.body_truncated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    content_ids integer[];
BEGIN
    SELECT array_agg(b.content_id) INTO content_ids FROM grove.body AS b;
    PERFORM grove.note_changed(content_ids);
    PERFORM grove.note_text_changed(content_ids);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION grove.body_truncated IS 'notes that the texts of all contents with bodies change';
REVOKE EXECUTE ON FUNCTION grove.body_truncated() FROM PUBLIC;

-- Triggers of one event fire in the order of their names: what is refused notes nothing.
CREATE OR REPLACE TRIGGER grove_check_truncate BEFORE TRUNCATE ON public.content_metadata
    FOR EACH STATEMENT EXECUTE FUNCTION grove.check_truncate();
CREATE OR REPLACE TRIGGER grove_check_truncate BEFORE TRUNCATE ON grove.body
    FOR EACH STATEMENT EXECUTE FUNCTION grove.check_truncate();
CREATE OR REPLACE TRIGGER grove_text_truncated BEFORE TRUNCATE ON grove.body
    FOR EACH STATEMENT EXECUTE FUNCTION grove.body_truncated();

-- What such a TRUNCATE left behind before this: states of contents that are gone, and their points.
-- No content comes or goes meanwhile: the trigger that was just made keeps writers out.
SELECT grove.note_deleted(array_agg(s.content_id))
FROM grove.content_state AS s
WHERE NOT EXISTS (SELECT FROM public.content_metadata AS m WHERE m.id = s.content_id)
HAVING count(*) > 0;
