-- SPDX-License-Identifier: Apache-2.0
-- Taking in: changes of one attached table, the one that waits longest.
--   $1 integer  keys at most
-- answers: integer, bigint, text, bigint, bigint
-- The attachment, the change, a key (null: all rows are to be read), the how manieth of the change's it
-- is, and how many it has.
WITH ready AS MATERIALIZED (
    SELECT a.id
    FROM grove.attached AS a
    WHERE
-- part: attached_ready
), next AS (
    SELECT r.id AS attached_id
    FROM ready AS r
    CROSS JOIN LATERAL (SELECT c.id FROM grove.attached_change AS c WHERE c.attached_id = r.id
                        ORDER BY c.id LIMIT 1) AS first
    ORDER BY first.id
    LIMIT 1
), taken AS (
    SELECT c.attached_id, c.id, c.keys
    FROM grove.attached_change AS c
    JOIN next AS x ON x.attached_id = c.attached_id
    ORDER BY c.id
    LIMIT $1::integer
)
SELECT t.attached_id, t.id, u.key, u.place, cardinality(t.keys)::bigint
FROM taken AS t
LEFT JOIN LATERAL unnest(t.keys) WITH ORDINALITY AS u (key, place) ON true
ORDER BY t.id, u.place
LIMIT $1::integer
