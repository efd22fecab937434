-- SPDX-License-Identifier: Apache-2.0
-- Discovery: how many of the ranked contents each limb has; the diversity figures come from it.
--   $1 integer[]  content ids
-- answers: text, text, text, bigint
SELECT m.hierarchy_table, l.branch, l.limb, count(*)
FROM unnest($1::integer[]) AS ranked (id)
JOIN public.content_metadata AS m ON m.id = ranked.id
JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
GROUP BY m.hierarchy_table, l.branch, l.limb
ORDER BY m.hierarchy_table, l.branch, l.limb
