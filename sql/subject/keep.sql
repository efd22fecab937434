-- SPDX-License-Identifier: Apache-2.0
-- Takes back a removal that was not finished: the CHECK that allows the subject still stands.
ALTER TABLE public.content_metadata DROP CONSTRAINT IF EXISTS valid_hierarchy_table_next;
