-- SPDX-License-Identifier: Apache-2.0
-- Frees vectors that were computed under models which the database neither has nor is to have next.
--   $1 integer, $2 text  looks at vectors beyond this content and model
--   $3 integer           at so many at most
-- answers: integer, text, bigint
-- How far it looked (null: there are none beyond), and how many are gone. Second in its transaction,
-- after the lock that keeps changes of the model out: the model is the one that this snapshot has
-- until all of it is committed.
-- What somebody supplied stays: it counts whatever the model. A row that is locked stays as well.
WITH seen AS MATERIALIZED (
    SELECT e.content_id, e.model, e.origin
    FROM grove.embedding AS e
    WHERE (e.content_id, e.model) > ($1::integer, $2::text)
    ORDER BY e.content_id, e.model
    LIMIT $3::integer
), held AS MATERIALIZED (
    SELECT e.content_id, e.model
    FROM grove.embedding AS e
    JOIN seen AS s ON s.content_id = e.content_id AND s.model = e.model
    WHERE e.origin = 'computed'
      AND e.model NOT IN (SELECT g.value FROM grove.setting AS g WHERE g.name IN ('model', 'next_model'))
    ORDER BY e.content_id, e.model
    FOR UPDATE OF e SKIP LOCKED
), gone AS (
    DELETE FROM grove.embedding AS e USING held AS h
    WHERE e.content_id = h.content_id AND e.model = h.model
    RETURNING e.content_id
), last AS MATERIALIZED (
    SELECT s.content_id, s.model FROM seen AS s ORDER BY s.content_id DESC, s.model DESC LIMIT 1
)
SELECT (SELECT l.content_id FROM last AS l), (SELECT l.model FROM last AS l), (SELECT count(*) FROM gone)
