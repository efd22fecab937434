-- SPDX-License-Identifier: Apache-2.0
-- The decisive step: the CHECK without the subject, and all that was the subject's, go together.
DELETE FROM grove.subject WHERE hierarchy_table = '%{table}';
DELETE FROM grove.setting WHERE starts_with(name, 'subject.%{table}.');
SELECT grove.unwatch_leaves('%{table}');
DROP TABLE public.%{table};
ALTER TABLE public.content_metadata DROP CONSTRAINT valid_hierarchy_table;
ALTER TABLE public.content_metadata
    RENAME CONSTRAINT valid_hierarchy_table_next TO valid_hierarchy_table;
