-- SPDX-License-Identifier: Apache-2.0
--
-- How many contents each leaf has of each type, so that navigation need not count them. Kept by
-- the triggers, in the writer's transaction: a snapshot sees contents and counts of one moment.
--
-- Each statement adds rows with what it changed, negative where contents went, and the sum counts.
-- Nobody updates a row: writers of one leaf never wait for each other here. Projectors replace many
-- rows by their sum (fold_counts.sql), which changes no sum.
CREATE TABLE grove.content_count (
    hierarchy_table varchar(50) NOT NULL,
    leaf_id integer NOT NULL,
    content_type varchar(50) NOT NULL,
    contents bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_vacuum_insert_threshold = 1000);
CREATE INDEX content_count_leaf ON grove.content_count
    (hierarchy_table, leaf_id) INCLUDE (content_type, contents);
COMMENT ON TABLE grove.content_count IS
    'how many contents a leaf has of each type: the sum of the rows';

-- An update that moves nothing adds nothing. TRUNCATE keeps other writers of contents out by itself.
CREATE FUNCTION grove.count_contents() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        TRUNCATE grove.content_count;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO grove.content_count (hierarchy_table, leaf_id, content_type, contents)
        SELECT hierarchy_table, leaf_id, content_type, sum(change)
        FROM (SELECT hierarchy_table, leaf_id, content_type, 1 AS change FROM new_rows
              UNION ALL
              SELECT hierarchy_table, leaf_id, content_type, -1 FROM old_rows) AS changes
        GROUP BY hierarchy_table, leaf_id, content_type
        HAVING sum(change) <> 0;
    ELSE
        INSERT INTO grove.content_count (hierarchy_table, leaf_id, content_type, contents)
        SELECT hierarchy_table, leaf_id, content_type,
               CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END
        FROM changed_rows
        GROUP BY hierarchy_table, leaf_id, content_type;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION grove.count_contents IS 'adds what a statement changed to grove.content_count';

CREATE TRIGGER grove_count_inserted AFTER INSERT ON public.content_metadata
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.count_contents();
CREATE TRIGGER grove_count_updated AFTER UPDATE ON public.content_metadata
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.count_contents();
CREATE TRIGGER grove_count_deleted AFTER DELETE ON public.content_metadata
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.count_contents();
CREATE TRIGGER grove_count_truncated AFTER TRUNCATE ON public.content_metadata
    FOR EACH STATEMENT EXECUTE FUNCTION grove.count_contents();

CREATE FUNCTION grove.recount() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM grove.content_count;
    INSERT INTO grove.content_count (hierarchy_table, leaf_id, content_type, contents)
    SELECT hierarchy_table, leaf_id, content_type, count(*)
    FROM public.content_metadata
    GROUP BY hierarchy_table, leaf_id, content_type;
END;
COMMENT ON FUNCTION grove.recount IS
    'counts all contents anew, after changes that no trigger saw; in one transaction behind LOCK TABLE public.content_metadata IN SHARE MODE';

-- The triggers' lock keeps writers out until this is committed.
SELECT grove.recount();
