-- SPDX-License-Identifier: Apache-2.0
-- The decisive step: the subject and the CHECK that allows it, or neither. The lock that others
-- could wait for is taken last.
SELECT grove.attach_subject('%{stem}');
ALTER TABLE public.content_metadata DROP CONSTRAINT valid_hierarchy_table;
ALTER TABLE public.content_metadata
    RENAME CONSTRAINT valid_hierarchy_table_next TO valid_hierarchy_table;
