-- SPDX-License-Identifier: Apache-2.0
-- What the database holds, for status.
--   $1 integer  long texts that are looked at, at most
-- answers: bigint, bigint, bigint, bigint, bigint, bigint, double, bigint, bigint, boolean, boolean,
--          text, text
-- The last five: how many of the long texts that are noted are longer than the model reads, and no
-- chunks; whether more are noted; whether all texts were looked at (0025_long_texts.sql);
-- the model that the database is to have next, and how far its vectors are (projector/next_model.sql).
SELECT (SELECT count(*) FROM public.content_metadata),
       (SELECT count(*) FROM grove.leaf),
       (SELECT count(*) FROM grove.subject),
       (SELECT count(*) FROM grove.embedding AS e
        JOIN grove.setting AS s ON s.name = 'model' AND s.value = e.model),
       o.pending,
       o.dead,
       greatest(0, extract(epoch FROM clock_timestamp() - o.changed_at))::float8,
       pg_database_size(current_database()),
       l.counted,
       l.noted > $1,
       coalesce((SELECT s.value = 'all' FROM grove.setting AS s WHERE s.name = 'long_texts'), false),
       (SELECT n.value
        FROM grove.setting AS n
        JOIN grove.setting AS m ON m.name = 'model' AND m.value <> n.value
        WHERE n.name = 'next_model'),
       (SELECT a.value FROM grove.setting AS a WHERE a.name = 'next_model_at')
FROM (
    SELECT count(*) FILTER (WHERE NOT w.dead) AS pending,
           count(*) FILTER (WHERE w.dead) AS dead,
           min(w.changed_at) AS changed_at
    FROM (SELECT bool_and(dead_since IS NOT NULL) AS dead,
                 min(changed_at) FILTER (WHERE dead_since IS NULL) AS changed_at
          FROM grove.outbox
          GROUP BY content_id) AS w
) AS o
CROSS JOIN (
    SELECT count(*) AS noted,
           count(*) FILTER (WHERE n.number <= $1 AND n.counts) AS counted
    FROM (SELECT row_number() OVER () AS number,
                 EXISTS (SELECT
                         FROM grove.embedding AS e
                         JOIN grove.setting AS s ON s.name = 'model' AND s.value = e.model
                         WHERE e.content_id = t.content_id AND e.text_sha256 = t.text_sha256
                           AND e.origin = 'computed')
                 AND NOT EXISTS (SELECT FROM grove.chunk AS c WHERE c.content_id = t.content_id)
                     AS counts
          FROM grove.long_text AS t
          LIMIT $1 + 1) AS n
) AS l
