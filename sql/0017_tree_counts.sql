-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: yes
--
-- How many contents each tree has of each type, so that whoever browses a whole tree need not add up the
-- counts of all of its leaves. Kept by triggers of these counts, as they are kept by those of contents:
-- rows are added, the sum counts, and projectors replace many rows by their sum (fold_counts.sql).
CREATE TABLE IF NOT EXISTS grove.tree_count (
    hierarchy_table varchar(50) NOT NULL,
    content_type varchar(50) NOT NULL,
    contents bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_vacuum_insert_threshold = 1000);
CREATE INDEX IF NOT EXISTS tree_count_tree ON grove.tree_count
    (hierarchy_table) INCLUDE (content_type, contents);
COMMENT ON TABLE grove.tree_count IS
    'how many contents a tree has of each type: the sum of the rows';

CREATE OR REPLACE FUNCTION grove.count_trees() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        TRUNCATE grove.tree_count;
    ELSE
        INSERT INTO grove.tree_count (hierarchy_table, content_type, contents)
        SELECT hierarchy_table, content_type,
               CASE TG_OP WHEN 'INSERT' THEN sum(contents) ELSE -sum(contents) END
        FROM changed_rows
        GROUP BY hierarchy_table, content_type
        HAVING sum(contents) <> 0;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION grove.count_trees IS 'adds what grove.content_count got or lost to grove.tree_count';
REVOKE EXECUTE ON FUNCTION grove.count_trees() FROM PUBLIC;

CREATE OR REPLACE TRIGGER grove_tree_inserted AFTER INSERT ON grove.content_count
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.count_trees();
CREATE OR REPLACE TRIGGER grove_tree_deleted AFTER DELETE ON grove.content_count
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.count_trees();
CREATE OR REPLACE TRIGGER grove_tree_truncated AFTER TRUNCATE ON grove.content_count
    FOR EACH STATEMENT EXECUTE FUNCTION grove.count_trees();

CREATE OR REPLACE FUNCTION grove.recount() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM grove.content_count;
    INSERT INTO grove.content_count (hierarchy_table, leaf_id, content_type, contents)
    SELECT hierarchy_table, leaf_id, content_type, count(*)
    FROM public.content_metadata
    GROUP BY hierarchy_table, leaf_id, content_type;
    DELETE FROM grove.tree_count;
    INSERT INTO grove.tree_count (hierarchy_table, content_type, contents)
    SELECT hierarchy_table, content_type, sum(contents)
    FROM grove.content_count
    GROUP BY hierarchy_table, content_type;
END;

-- Whoever may read the counts of leaves may read those of trees.
DO $$
DECLARE
    right_of record;
BEGIN
    FOR right_of IN
        SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee,
               a.is_grantable
        FROM pg_catalog.pg_class AS c, aclexplode(c.relacl) AS a
        WHERE c.oid = 'grove.content_count'::regclass
          AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('GRANT SELECT ON grove.tree_count TO %s%s', right_of.grantee,
                       CASE WHEN right_of.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
    END LOOP;
END $$;

-- The triggers' lock keeps those out who count until this is committed.
DELETE FROM grove.tree_count;
INSERT INTO grove.tree_count (hierarchy_table, content_type, contents)
SELECT hierarchy_table, content_type, sum(contents)
FROM grove.content_count
GROUP BY hierarchy_table, content_type;
