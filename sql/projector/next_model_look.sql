-- SPDX-License-Identifier: Apache-2.0
-- Which of the next contents lack a vector that is to be computed before the database has this model.
--   $1 text     model id
--   $2 bigint   looks at contents beyond this id
--   $3 integer  at so many at most
--   $4 integer  lacking ones at most
-- answers: bigint, boolean, bigint, integer
-- How far it looked, whether there are no contents beyond, how many it looked at, and a lacking one:
-- a row each, or one row with null.
-- A vector that was supplied is one whatever the model: whoever projects the content takes it over
-- (parts/supplied.sql). Revisions tell whose vector is current, and of those that lack one, or whose
-- vector has none, the text. Those are few, so that texts of a few are read.
-- OFFSET 0 and LIMIT 1 keep the lookups from being joined: each is one of an index, whatever the
-- statistics say.
WITH next AS MATERIALIZED (
    SELECT s.content_id, s.text_revision
    FROM grove.content_state AS s
    WHERE s.content_id > $2::bigint
    ORDER BY s.content_id
    LIMIT $3::integer
), unsure AS MATERIALIZED (
    SELECT n.content_id, n.text_revision
    FROM next AS n
    LEFT JOIN LATERAL (
        SELECT e.revision FROM grove.embedding AS e
        WHERE e.content_id = n.content_id AND e.model = $1::text LIMIT 1
    ) AS e ON true
    WHERE (e.revision >= n.text_revision) IS NOT TRUE
), doubtful AS MATERIALIZED (
    SELECT u.content_id
    FROM unsure AS u
    WHERE NOT EXISTS (
        SELECT FROM grove.embedding AS x
        WHERE x.content_id = u.content_id AND x.origin <> 'computed'
          AND x.revision >= u.text_revision AND grove.is_direction(x.vector)
        OFFSET 0)
    ORDER BY u.content_id
    LIMIT $4::integer + 1
), reach AS MATERIALIZED (
    SELECT CASE WHEN d.count > $4::integer THEN d.last - 1 ELSE coalesce(n.last, $2::bigint) END AS id,
           d.count <= $4::integer AND n.count < $3::integer AS all
    FROM (SELECT count(*) AS count, max(content_id)::bigint AS last FROM doubtful) AS d,
         (SELECT count(*) AS count, max(content_id)::bigint AS last FROM next) AS n
), lacking AS MATERIALIZED (
    SELECT d.content_id
    FROM (SELECT d.content_id FROM doubtful AS d ORDER BY d.content_id LIMIT $4::integer) AS d
    CROSS JOIN LATERAL (
        SELECT sha256(convert_to(m.title || E'\n' || coalesce(b.body, m.content_summary), 'UTF8')) AS sha256
        FROM public.content_metadata AS m
        LEFT JOIN grove.body AS b ON b.content_id = m.id
        WHERE m.id = d.content_id
        LIMIT 1
    ) AS t
    WHERE NOT EXISTS (
        SELECT FROM grove.embedding AS e
        WHERE e.content_id = d.content_id AND e.text_sha256 = t.sha256
          AND (e.model = $1::text OR (e.origin <> 'computed' AND grove.is_direction(e.vector)))
        OFFSET 0)
)
SELECT r.id, r.all,
       (SELECT count(*) FROM next AS n WHERE n.content_id <= r.id),
       l.content_id
FROM reach AS r
LEFT JOIN lacking AS l ON true
ORDER BY l.content_id
