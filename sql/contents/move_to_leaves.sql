-- SPDX-License-Identifier: Apache-2.0
-- Moves what is on some leaves to others, each to its own.
--   $1 text       hierarchy table
--   $2 integer[]  its leaves
--   $3 text       hierarchy table to move to
--   $4 integer[]  the leaves there, in the same order
UPDATE public.content_metadata AS m
SET hierarchy_table = $3, leaf_id = u.made
FROM unnest($2::integer[], $4::integer[]) AS u (old, made)
WHERE m.hierarchy_table = $1 AND m.leaf_id = u.old
