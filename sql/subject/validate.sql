-- SPDX-License-Identifier: Apache-2.0
-- Reads all rows. Readers and writers go on.
ALTER TABLE public.content_metadata VALIDATE CONSTRAINT valid_hierarchy_table_next;
