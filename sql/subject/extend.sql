-- SPDX-License-Identifier: Apache-2.0
-- Beside the CHECK that is there, which holds on; rows that are there are not looked at yet.
ALTER TABLE public.content_metadata ADD CONSTRAINT valid_hierarchy_table_next
    CHECK (hierarchy_table IN (%{tables})) NOT VALID;
