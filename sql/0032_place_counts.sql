-- SPDX-License-Identifier: Apache-2.0
-- kind: backfill
-- compatible from: 15
-- demanded: yes
--
-- How many contents each branch and each limb has of each type, so that whoever browses one need not add
-- up the counts of all of its leaves. As grove.content_count is of leaves: each statement adds rows with
-- what it changed, the sum counts, and projectors replace many rows by their sum (fold_counts.sql).
--
-- A content is counted where its leaf is. So whoever changes contents and whoever moves their leaf must
-- not miss each other. Before they count both have locked something that the other one locks: the leaf,
-- whoever puts contents there (grove.check_leaf, grove.check_leaves); the states of contents, whoever
-- changes or deletes them (grove.note_changed, grove.note_deleted); whoever moves the leaf both. So one of
-- them has waited for the other, and sees what it did: in read committed each statement of a trigger has a
-- snapshot of its own. In repeatable read and serializable what changed since is an error, and no leaf is
-- moved. Triggers fire in the order of their names: these come behind those that lock.
--
-- The triggers' locks wait for whoever is writing or moving leaves: nobody is, whom they do not count.
CREATE TABLE IF NOT EXISTS grove.place_count (
    branch_id integer NOT NULL,
    limb_id integer,
    content_type varchar(50) NOT NULL,
    contents bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_vacuum_insert_threshold = 1000);
CREATE INDEX IF NOT EXISTS place_count_place ON grove.place_count
    (branch_id, limb_id) INCLUDE (content_type, contents);
COMMENT ON TABLE grove.place_count IS
    'how many contents a limb has of each type, and, where limb_id is null, a branch: the sum of the rows';

-- --- changes of contents ---------------------------------------------------------------------------

-- A plan is kept as long as the session, however many rows its first statement changed: leaves are looked
-- up one by one. Contents are put together by leaves first: an update that moves nothing looks up none.
CREATE OR REPLACE FUNCTION grove.count_in_places() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        TRUNCATE grove.place_count;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO grove.place_count (branch_id, limb_id, content_type, contents)
        SELECT l.branch_id, l.limb_id, c.content_type, sum(c.change)
        FROM (SELECT leaf_id, hierarchy_table, content_type, sum(change) AS change
              FROM (SELECT leaf_id, hierarchy_table, content_type, 1 AS change FROM new_rows
                    UNION ALL
                    SELECT leaf_id, hierarchy_table, content_type, -1 FROM old_rows) AS changes
              GROUP BY leaf_id, hierarchy_table, content_type
              HAVING sum(change) <> 0) AS c
        CROSS JOIN LATERAL (SELECT f.branch_id, f.limb_id FROM grove.leaf AS f
                            WHERE f.hierarchy_table = c.hierarchy_table AND f.leaf_id = c.leaf_id
                            OFFSET 0) AS l
        GROUP BY GROUPING SETS ((l.branch_id, c.content_type),
                                (l.branch_id, l.limb_id, c.content_type))
        HAVING sum(c.change) <> 0;
    ELSE
        INSERT INTO grove.place_count (branch_id, limb_id, content_type, contents)
        SELECT l.branch_id, l.limb_id, c.content_type,
               CASE TG_OP WHEN 'INSERT' THEN sum(c.contents) ELSE -sum(c.contents) END
        FROM (SELECT leaf_id, hierarchy_table, content_type, count(*) AS contents
              FROM changed_rows
              GROUP BY leaf_id, hierarchy_table, content_type) AS c
        CROSS JOIN LATERAL (SELECT f.branch_id, f.limb_id FROM grove.leaf AS f
                            WHERE f.hierarchy_table = c.hierarchy_table AND f.leaf_id = c.leaf_id
                            OFFSET 0) AS l
        GROUP BY GROUPING SETS ((l.branch_id, c.content_type),
                                (l.branch_id, l.limb_id, c.content_type));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION grove.count_in_places IS 'adds what a statement changed to grove.place_count';

CREATE OR REPLACE TRIGGER grove_places_inserted AFTER INSERT ON public.content_metadata
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.count_in_places();
CREATE OR REPLACE TRIGGER grove_places_updated AFTER UPDATE ON public.content_metadata
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.count_in_places();
CREATE OR REPLACE TRIGGER grove_places_deleted AFTER DELETE ON public.content_metadata
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.count_in_places();
CREATE OR REPLACE TRIGGER grove_places_truncated AFTER TRUNCATE ON grove.content_count
    FOR EACH STATEMENT EXECUTE FUNCTION grove.count_in_places();

-- As in 0031, with less to plan and to run each time: that pays for most of the counting.
CREATE OR REPLACE FUNCTION grove.check_leaves() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    leaves text;
    ids integer[];
    held bigint;
    missing integer;
BEGIN
    FOR leaves, ids IN
        SELECT n.hierarchy_table, array_agg(DISTINCT n.leaf_id)
        FROM new_rows AS n
        WHERE n.leaf_id IS NOT NULL
        GROUP BY n.hierarchy_table
        ORDER BY n.hierarchy_table
    LOOP
        -- Another table name is the CHECK constraint's business, and its error is the clearer one.
        CONTINUE WHEN NOT EXISTS (SELECT FROM grove.subject AS s WHERE s.hierarchy_table = leaves);
        LOOP
            EXECUTE format('SELECT FROM public.%I AS t WHERE t.id = ANY ($1)'
                           ' ORDER BY t.id FOR KEY SHARE', leaves)
                USING ids;
            GET DIAGNOSTICS held = ROW_COUNT;
            EXIT WHEN held = cardinality(ids);
            EXECUTE format('SELECT min(u.id) FROM unnest($1) AS u (id)'
                           ' WHERE NOT EXISTS (SELECT FROM public.%I AS t WHERE t.id = u.id)',
                           leaves)
                INTO missing USING ids;
            -- Null: it has come since, and is held at the next turn.
            IF missing IS NOT NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
                    MESSAGE = format('leaf %s does not exist in %s', missing, leaves),
                    DETAIL = format('Key (hierarchy_table, leaf_id)=(%s, %s) has no leaf.', leaves,
                                    missing),
                    HINT = format('insert the leaf into %s first', leaves),
                    TABLE = 'content_metadata', SCHEMA = 'public',
                    CONSTRAINT = 'grove_leaf_exists';
            END IF;
        END LOOP;
    END LOOP;
    RETURN NULL;
END $$;

-- --- leaves that move --------------------------------------------------------------------------------

-- What is counted on a leaf goes with it (grove.leaf_updated). A branch that is renamed keeps its number.
CREATE OR REPLACE FUNCTION grove.leaf_counts_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO grove.place_count (branch_id, limb_id, content_type, contents)
    SELECT l.branch_id, l.limb_id, c.content_type, sum(l.change * c.contents)
    FROM (SELECT leaf_id, hierarchy_table, branch_id, limb_id, sum(change) AS change
          FROM (SELECT leaf_id, hierarchy_table, branch_id, limb_id, 1 AS change FROM new_rows
                UNION ALL
                SELECT leaf_id, hierarchy_table, branch_id, limb_id, -1 FROM old_rows) AS changes
          GROUP BY leaf_id, hierarchy_table, branch_id, limb_id
          HAVING sum(change) <> 0) AS l
    CROSS JOIN LATERAL (SELECT k.content_type, k.contents FROM grove.content_count AS k
                        WHERE k.hierarchy_table = l.hierarchy_table AND k.leaf_id = l.leaf_id
                        OFFSET 0) AS c
    GROUP BY GROUPING SETS ((l.branch_id, c.content_type),
                            (l.branch_id, l.limb_id, c.content_type))
    HAVING sum(l.change * c.contents) <> 0;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION grove.leaf_counts_moved IS
    'takes what is counted on leaves from their old places to their new ones';
CREATE OR REPLACE TRIGGER grove_leaf_counts_moved AFTER UPDATE ON grove.leaf
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.leaf_counts_moved();

-- --- counted anew --------------------------------------------------------------------------------------

-- Adds what the counts of branches lack, or have too much, by one snapshot: in each that has a change of
-- contents, or the move of a leaf, it has all of it. So nobody need be kept out, and once more adds nothing.
-- But two at once would add the same.
CREATE OR REPLACE FUNCTION grove.recount_places(after bigint, up_to bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    LOCK TABLE grove.place_count IN SHARE UPDATE EXCLUSIVE MODE;
    INSERT INTO grove.place_count (branch_id, limb_id, content_type, contents)
    SELECT p.branch_id, p.limb_id, p.content_type, sum(p.contents)
    FROM (SELECT l.branch_id, l.limb_id, c.content_type, sum(c.contents) AS contents
          FROM grove.content_count AS c
          JOIN grove.leaf AS l ON l.hierarchy_table = c.hierarchy_table AND l.leaf_id = c.leaf_id
          WHERE l.branch_id > after AND (up_to IS NULL OR l.branch_id <= up_to)
          GROUP BY GROUPING SETS ((l.branch_id, c.content_type),
                                  (l.branch_id, l.limb_id, c.content_type))
          UNION ALL
          SELECT k.branch_id, k.limb_id, k.content_type, -k.contents
          FROM grove.place_count AS k
          WHERE k.branch_id > after AND (up_to IS NULL OR k.branch_id <= up_to)) AS p
    GROUP BY p.branch_id, p.limb_id, p.content_type
    HAVING sum(p.contents) <> 0;
END $$;
COMMENT ON FUNCTION grove.recount_places IS
    'makes the counts of branches whose numbers are above the first and, unless it is null, up to the second, and of their limbs, what those of the leaves add up to';

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
    SELECT hierarchy_table, content_type, count(*)
    FROM public.content_metadata
    GROUP BY hierarchy_table, content_type;
    SELECT grove.recount_places(0, NULL);
END;

-- --- the rest ------------------------------------------------------------------------------------------

CREATE OR REPLACE TRIGGER grove_keep_rows BEFORE TRUNCATE ON grove.place_count
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION grove.keep_rows();
REVOKE EXECUTE ON FUNCTION grove.count_in_places() FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION grove.leaf_counts_moved() FROM PUBLIC;

-- Whoever may read the counts of leaves may read those of places.
DO $$
DECLARE
    command text;
BEGIN
    FOR command IN
        SELECT concat('GRANT SELECT ON grove.place_count TO ',
                      coalesce(nullif(a.grantee, 0)::regrole::text, 'PUBLIC'),
                      CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END)
        FROM pg_catalog.pg_class AS c
        CROSS JOIN LATERAL aclexplode(c.relacl) AS a
        WHERE c.oid = 'grove.tree_count'::regclass AND a.grantee <> c.relowner
          AND a.privilege_type = 'SELECT'
    LOOP
        EXECUTE command;
    END LOOP;
END $$;

-- 'some': what was there before is not in yet, and statements add up the counts of leaves.
INSERT INTO grove.setting (name, value)
SELECT 'counted_places',
       CASE WHEN EXISTS (SELECT FROM grove.content_count) OR EXISTS (SELECT FROM grove.place_count)
            THEN 'some' ELSE 'all' END
ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at;
COMMENT ON TABLE grove.setting IS
    'settings of the database; model: whose vectors are compared; generation: what the revision of a point has more than that of its content; numbered_points: the last content that was put in to get a point with numbers, or all; counted_places: of which branches and limbs the contents are counted, some or all';

-- Branches that have no leaf any more, and may have counts, are between those that have, or behind them.
-- each chunk:
--   $1 bigint   up to the branch of this number it is done
--   $2 integer  leaves, but for the rest of a branch
-- answers: bigint
WITH next AS MATERIALIZED (
    SELECT max(f.branch_id)::bigint AS last
    FROM (SELECT l.branch_id FROM grove.leaf AS l
          WHERE l.branch_id > $1
          ORDER BY l.branch_id
          LIMIT $2) AS f
), filled AS MATERIALIZED (
    SELECT n.last, grove.recount_places($1, n.last) FROM next AS n
), done AS (
    UPDATE grove.setting AS s
    SET value = 'all', changed_at = clock_timestamp()
    WHERE s.name = 'counted_places' AND (SELECT f.last IS NULL FROM filled AS f)
)
SELECT f.last FROM filled AS f
