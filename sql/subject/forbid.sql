-- SPDX-License-Identifier: Apache-2.0
-- From here on nobody adds contents to the subject. Those that are there are not looked at yet.
ALTER TABLE public.content_metadata ADD CONSTRAINT valid_hierarchy_table_next
    CHECK (hierarchy_table IN (%{tables})) NOT VALID;
