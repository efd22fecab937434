-- SPDX-License-Identifier: Apache-2.0
-- Removes the contents on some leaves that satisfy a predicate. The leaves are held: no content comes
-- to one of them meanwhile.
--   $1 to $7      the predicate (parts/matches.sql)
--   $8 integer[]  the leaves
DELETE FROM public.content_metadata AS d
USING (
    SELECT m.id
-- part: matches
      AND m.leaf_id = ANY ($8)
) AS found
WHERE d.id = found.id
