-- SPDX-License-Identifier: Apache-2.0
-- Takes back an addition that was not finished: nothing refers to its table yet.
DROP TABLE IF EXISTS public.%{table};
ALTER TABLE public.content_metadata DROP CONSTRAINT IF EXISTS valid_hierarchy_table_next;
