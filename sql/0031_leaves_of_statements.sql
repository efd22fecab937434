-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: no
--
-- Whether leaves exist is asked once for all contents that a statement inserts: once for each it took a
-- third of the time that inserting many takes. An update of a content's leaf is looked at row by row as
-- before (grove.check_leaf), since it locks the content, and leaves are locked before contents. A content
-- that is inserted is nobody else's yet: its leaf may be locked after it.
--
-- Whoever deletes a leaf meanwhile does not see the contents. But he has the leaf: this waits for him, and
-- finds no leaf.
CREATE OR REPLACE FUNCTION grove.check_leaves() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    leaves text;
    ids integer[];
    missing integer;
BEGIN
    -- Another table name is the CHECK constraint's business, and its error is the clearer one.
    FOR leaves, ids IN
        SELECT s.hierarchy_table, array_agg(DISTINCT n.leaf_id)
        FROM new_rows AS n
        JOIN grove.subject AS s ON s.hierarchy_table = n.hierarchy_table
        WHERE n.leaf_id IS NOT NULL
        GROUP BY s.hierarchy_table
        ORDER BY s.hierarchy_table
    LOOP
        EXECUTE format('SELECT min(u.id) FROM unnest($1) AS u (id) WHERE u.id NOT IN'
                       ' (SELECT l.id FROM (SELECT t.id FROM public.%I AS t WHERE t.id = ANY ($1)'
                       '  ORDER BY t.id FOR KEY SHARE) AS l)', leaves)
            INTO missing USING ids;
        IF missing IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
                MESSAGE = format('leaf %s does not exist in %s', missing, leaves),
                DETAIL = format('Key (hierarchy_table, leaf_id)=(%s, %s) has no leaf.', leaves,
                                missing),
                HINT = format('insert the leaf into %s first', leaves),
                TABLE = 'content_metadata', SCHEMA = 'public', CONSTRAINT = 'grove_leaf_exists';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION grove.check_leaves IS 'refuses contents on leaves that do not exist';
REVOKE EXECUTE ON FUNCTION grove.check_leaves() FROM PUBLIC;

-- After grove_content_inserted, by its name: a subject that the snapshot lacks is told first.
CREATE OR REPLACE TRIGGER grove_leaves_exist AFTER INSERT ON public.content_metadata
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.check_leaves();
CREATE OR REPLACE TRIGGER grove_leaf_exists BEFORE UPDATE OF id, hierarchy_table, leaf_id
    ON public.content_metadata
    FOR EACH ROW EXECUTE FUNCTION grove.check_leaf();
