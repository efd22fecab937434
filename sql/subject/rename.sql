-- SPDX-License-Identifier: Apache-2.0
-- The name that paths begin with. The table keeps its own, which contents and points carry: no
-- content, no point and no id changes.
UPDATE grove.subject SET tree = '%{new}' WHERE hierarchy_table = '%{table}';
DO $$
BEGIN
    IF to_regprocedure('grove.rebuild_leaf_view()') IS NOT NULL THEN
        PERFORM grove.rebuild_leaf_view();
    END IF;
END $$;
