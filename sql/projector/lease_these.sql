-- SPDX-License-Identifier: Apache-2.0
-- Takes the outbox rows of certain contents for one projector, whatever their time.
--   $1 integer[]  content ids
--   $2, $3, $5    who takes them, for how long, and by what session (parts/leased.sql)
--   $4 text       model id; where the database has changed to another there is nothing to take
-- Nothing is leased where the engine is not known to be the projection of this history.
-- answers: integer, bigint, bigint
-- A dead letter gets one more attempt so: it lives again, with the attempts it had.
WITH wanted AS MATERIALIZED (
    SELECT u.content_id
    FROM unnest($1::integer[]) AS u (content_id)
    WHERE (SELECT value FROM grove.setting WHERE name = 'model') = $4
      AND (SELECT grove.is_settled())
)
-- part: leased
