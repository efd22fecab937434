-- SPDX-License-Identifier: Apache-2.0
-- Contents from an id on, with all that their points are to hold.
--   $1 integer    the first id
--   $2 integer    at most so many
--   $3 text       hierarchy table; null: any
--   $4 integer[]  the numbers of branch, limb and leaf, as far as the path goes; null: any
-- Each table is read from the first id on: a merge join would begin at its first row for every page,
-- and the whole walk take time by the square of the contents.
-- answers: integer, bigint, boolean, text, integer, integer, integer, text, integer, integer,
--          timestamp, bytea
SELECT s.content_id,
-- part: point_revision
-- part: waits
       ,
-- part: compared
FROM grove.content_state AS s
LEFT JOIN public.content_metadata AS m ON m.id = s.content_id AND m.id >= $1
-- part: compared_with
    AND e.content_id >= $1
-- part: within
