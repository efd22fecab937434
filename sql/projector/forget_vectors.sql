-- SPDX-License-Identifier: Apache-2.0
-- Deletes the vectors of contents that do not exist any more.
--   $1 integer[]  content ids
-- Whoever makes a content anew under the same id may have its vector written by now: a row that is
-- locked, or not where it was when the content was not there, stays.
WITH orphaned AS MATERIALIZED (
    SELECT e.content_id, e.model, e.ctid AS place
    FROM grove.embedding AS e
    WHERE e.content_id = ANY ($1)
      AND NOT EXISTS (SELECT FROM grove.content_state AS s WHERE s.content_id = e.content_id)
), held AS MATERIALIZED (
    SELECT e.content_id, e.model
    FROM grove.embedding AS e
    JOIN orphaned AS o ON o.content_id = e.content_id AND o.model = e.model AND o.place = e.ctid
    ORDER BY e.content_id, e.model
    FOR UPDATE OF e SKIP LOCKED
)
DELETE FROM grove.embedding AS e
USING held AS h
WHERE e.content_id = h.content_id AND e.model = h.model
