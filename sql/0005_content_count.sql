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

CREATE OR REPLACE FUNCTION grove.content_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM grove.note_changed(array_agg(id)) FROM new_rows HAVING count(*) > 0;
    INSERT INTO grove.content_count (hierarchy_table, leaf_id, content_type, contents)
    SELECT hierarchy_table, leaf_id, content_type, count(*)
    FROM new_rows
    GROUP BY hierarchy_table, leaf_id, content_type;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION grove.content_updated() RETURNS trigger
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
    INSERT INTO grove.content_count (hierarchy_table, leaf_id, content_type, contents)
    SELECT hierarchy_table, leaf_id, content_type, sum(change)
    FROM (SELECT hierarchy_table, leaf_id, content_type, 1 AS change FROM new_rows
          UNION ALL
          SELECT hierarchy_table, leaf_id, content_type, -1 FROM old_rows) AS changes
    GROUP BY hierarchy_table, leaf_id, content_type
    HAVING sum(change) <> 0;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION grove.content_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM grove.note_deleted(array_agg(id)) FROM old_rows HAVING count(*) > 0;
    INSERT INTO grove.content_count (hierarchy_table, leaf_id, content_type, contents)
    SELECT hierarchy_table, leaf_id, content_type, -count(*)
    FROM old_rows
    GROUP BY hierarchy_table, leaf_id, content_type;
    RETURN NULL;
END $$;

-- The lock of TRUNCATE keeps other writers of contents out.
CREATE OR REPLACE FUNCTION grove.content_truncated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM grove.note_deleted(array_agg(content_id)) FROM grove.content_state HAVING count(*) > 0;
    TRUNCATE grove.content_count;
    RETURN NULL;
END $$;

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

-- Writers wait until the triggers count what they write.
LOCK TABLE public.content_metadata IN SHARE ROW EXCLUSIVE MODE;
SELECT grove.recount();
