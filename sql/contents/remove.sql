-- SPDX-License-Identifier: Apache-2.0
-- Removes the contents that satisfy a predicate. Its leaves are held: none comes or goes meanwhile.
--   $1 to $8  the predicate (parts/in_place.sql)
DELETE FROM public.content_metadata AS m
WHERE
-- part: in_place
