-- SPDX-License-Identifier: Apache-2.0
-- Takes away the states of contents that do not exist. No trigger did when they went, and none of them
-- will ever have a point.
--   $1 integer[]  content ids
-- Whoever makes a content anew under the same id takes over the state that it finds: a row that is locked,
-- or not where it was when the content was not there, stays.
WITH stray AS MATERIALIZED (
    SELECT s.content_id, s.ctid AS place
    FROM grove.content_state AS s
    WHERE s.content_id = ANY ($1)
      AND NOT EXISTS (SELECT FROM public.content_metadata AS m WHERE m.id = s.content_id)
), held AS MATERIALIZED (
    SELECT s.content_id
    FROM grove.content_state AS s
    JOIN stray AS t ON t.content_id = s.content_id AND t.place = s.ctid
    ORDER BY s.content_id
    FOR UPDATE OF s SKIP LOCKED
)
DELETE FROM grove.content_state AS s
USING held AS h
WHERE s.content_id = h.content_id
