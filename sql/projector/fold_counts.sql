-- SPDX-License-Identifier: Apache-2.0
-- Replaces the rows that count the contents of one leaf and type by their sum; nothing where
-- another projector is doing so just now.
WITH many AS (
    SELECT hierarchy_table, leaf_id, content_type
    FROM grove.content_count
    WHERE (SELECT pg_try_advisory_xact_lock(7454108920))
    GROUP BY hierarchy_table, leaf_id, content_type
    HAVING count(*) > 1
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
