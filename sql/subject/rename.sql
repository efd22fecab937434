-- SPDX-License-Identifier: Apache-2.0
-- The name that paths begin with. The table keeps its own, which contents and points carry: no
-- content, no point and no id changes. A trigger gives its leaves in grove.leaf the name.
-- Attached tables follow, while nobody takes rows of theirs in (attached_lock.sql): these go where the
-- path leads that their table has.
SELECT pg_advisory_xact_lock(hashtextextended('grove attached', 22));
UPDATE grove.attached AS a
SET path = regexp_replace(a.path, '^[[:space:]]*' || s.tree, '%{new}')
FROM grove.subject AS s
WHERE s.hierarchy_table = '%{table}' AND a.path ~ concat('^[[:space:]]*', s.tree, '[[:space:]]*(/|$)');
UPDATE grove.subject SET tree = '%{new}' WHERE hierarchy_table = '%{table}';
