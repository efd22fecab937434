-- SPDX-License-Identifier: Apache-2.0
-- Reads a part of the contents as validating the CHECK does; its time is what is wanted.
--   $1 double   percent of the pages
-- answers: bigint
SELECT count(*) FROM public.content_metadata TABLESAMPLE SYSTEM ($1::float8)
WHERE hierarchy_table IN (SELECT s.hierarchy_table FROM grove.subject AS s)
