-- SPDX-License-Identifier: Apache-2.0
-- What the database holds, for status.
-- answers: bigint, bigint, bigint, bigint, bigint, bigint, double, bigint
SELECT (SELECT count(*) FROM public.content_metadata),
       (SELECT count(*) FROM grove.leaf),
       (SELECT count(*) FROM grove.subject),
       (SELECT count(*) FROM grove.embedding AS e
        JOIN grove.setting AS s ON s.name = 'model' AND s.value = e.model),
       count(*) FILTER (WHERE NOT o.dead),
       count(*) FILTER (WHERE o.dead),
       greatest(0, extract(epoch FROM clock_timestamp() - min(o.changed_at)))::float8,
       pg_database_size(current_database())
FROM (SELECT bool_and(dead_since IS NOT NULL) AS dead,
             min(changed_at) FILTER (WHERE dead_since IS NULL) AS changed_at
      FROM grove.outbox
      GROUP BY content_id) AS o
