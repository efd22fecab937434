-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: yes
--
-- A leaf that is deleted has its contents counted, and a tree that is truncated. They were looked for
-- by the table's name as PostgreSQL hands it to triggers, which is of the type name and has collation
-- "C", also as text. No index of ours is in that, and each leaf cost a walk through all entries of one.
-- In the collation of the database the index on hierarchy table and leaf leads to them. Nothing else of
-- these functions changes.
DO $$
DECLARE
    name regprocedure;
BEGIN
    FOREACH name IN ARRAY ARRAY['grove.cascade_leaf()', 'grove.keep_leaf()',
                                'grove.keep_leaves()']::regprocedure[] LOOP
        EXECUTE regexp_replace(pg_get_functiondef(name), 'hierarchy_table = TG_TABLE_NAME(?!::)',
                               'hierarchy_table = TG_TABLE_NAME::text COLLATE "default"', 'g');
    END LOOP;
END $$;
