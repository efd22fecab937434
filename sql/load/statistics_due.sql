-- SPDX-License-Identifier: Apache-2.0
-- Loading: whether what PostgreSQL takes contents for is out of date.
--   $1 bigint  contents that were inserted since it was asked for
-- answers: boolean
-- A table that was never counted has -1.
SELECT c.reltuples < 2 * $1 FROM pg_catalog.pg_class AS c WHERE c.oid = 'public.content_metadata'::regclass
