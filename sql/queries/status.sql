-- SPDX-License-Identifier: Apache-2.0
-- What the database holds, for status.
-- answers: bigint, bigint, bigint, bigint, bigint, bigint, double, bigint
SELECT (SELECT count(*) FROM public.content_metadata),
       (SELECT count(*) FROM grove.leaf),
       (SELECT count(*) FROM grove.subject),
       (SELECT count(*) FROM grove.embedding AS e
        JOIN grove.setting AS s ON s.name = 'model' AND s.value = e.model),
       count(*) FILTER (WHERE o.dead_since IS NULL),
       count(*) FILTER (WHERE o.dead_since IS NOT NULL),
       coalesce(extract(epoch FROM clock_timestamp()
                - min(o.changed_at) FILTER (WHERE o.dead_since IS NULL)), 0)::float8,
       pg_database_size(current_database())
FROM grove.outbox AS o
