-- SPDX-License-Identifier: Apache-2.0
-- Some contents, with all that their points are to hold, and the highest revision that was drawn.
--   $1 integer[]  content ids
-- answers: integer, bigint, boolean, text, integer, integer, integer, text, integer, integer,
--          timestamp, bytea, bigint
-- Of each id one row; without a revision there is no such content.
SELECT u.content_id,
-- part: point_revision
       (SELECT bool_and(o.dead_since IS NOT NULL) FROM grove.outbox AS o
        WHERE o.content_id = u.content_id) AS dead,
-- part: compared
       ,
       (SELECT last_value FROM grove.revision_seq)
           + (SELECT value::bigint FROM grove.setting WHERE name = 'generation') AS drawn
FROM unnest($1::integer[]) AS u (content_id)
LEFT JOIN grove.content_state AS s ON s.content_id = u.content_id
LEFT JOIN public.content_metadata AS m ON m.id = s.content_id
-- part: compared_with
