-- SPDX-License-Identifier: Apache-2.0
-- Replaces the rows that count the contents of one leaf and type by their sum, and those of one branch,
-- limb or tree and type; nothing where another projector is doing so just now. What goes of leaves and
-- comes again is counted for their trees once more (0017_tree_counts.sql): two rows of each, until the
-- next time.
WITH alone AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(7454108920) AS so
), many AS (
    SELECT hierarchy_table, leaf_id, content_type
    FROM grove.content_count
    WHERE (SELECT so FROM alone)
    GROUP BY hierarchy_table, leaf_id, content_type
    HAVING count(*) > 1
), many_of_places AS (
    SELECT branch_id, limb_id, content_type
    FROM grove.place_count
    WHERE (SELECT so FROM alone)
    GROUP BY branch_id, limb_id, content_type
    HAVING count(*) > 1 OR sum(contents) = 0
), trees AS (
    DELETE FROM grove.tree_count
    WHERE (SELECT so FROM alone)
    RETURNING hierarchy_table, content_type, contents
), folded AS (
    INSERT INTO grove.tree_count (hierarchy_table, content_type, contents)
    SELECT hierarchy_table, content_type, sum(contents)
    FROM trees
    GROUP BY hierarchy_table, content_type
    HAVING sum(contents) <> 0
), places AS (
    DELETE FROM grove.place_count AS c
    USING many_of_places AS m
    WHERE c.branch_id = m.branch_id AND c.content_type = m.content_type
      AND coalesce(c.limb_id, 0) = coalesce(m.limb_id, 0)
    RETURNING c.branch_id, c.limb_id, c.content_type, c.contents
), folded_places AS (
    INSERT INTO grove.place_count (branch_id, limb_id, content_type, contents)
    SELECT branch_id, limb_id, content_type, sum(contents)
    FROM places
    GROUP BY branch_id, limb_id, content_type
    HAVING sum(contents) <> 0
), gone AS (
    DELETE FROM grove.content_count AS c
    USING many AS m
    WHERE (c.hierarchy_table, c.leaf_id, c.content_type)
        = (m.hierarchy_table, m.leaf_id, m.content_type)
    RETURNING c.hierarchy_table, c.leaf_id, c.content_type, c.contents
)
INSERT INTO grove.content_count (hierarchy_table, leaf_id, content_type, contents)
SELECT hierarchy_table, leaf_id, content_type, sum(contents)
FROM gone
GROUP BY hierarchy_table, leaf_id, content_type
HAVING sum(contents) <> 0
