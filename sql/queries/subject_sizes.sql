-- SPDX-License-Identifier: Apache-2.0
-- What a change of the CHECK has to read, and how much is there.
-- answers: bigint, bigint, bigint, bigint, bigint
SELECT (SELECT coalesce(sum(k.contents), 0)::bigint FROM grove.tree_count AS k),
       greatest(pg_relation_size(c.oid) / 8192, 0),
       pg_total_relation_size(c.oid), pg_database_size(current_database()),
       (SELECT count(*) FROM grove.subject)
FROM pg_catalog.pg_class AS c
WHERE c.oid = 'public.content_metadata'::regclass
