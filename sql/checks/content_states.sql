-- SPDX-License-Identifier: Apache-2.0
-- Check: every content has one state, nothing else has one (sql/README.md, invariant 1).
--   $1 integer  rows at most
-- answers: integer, text
SELECT coalesce(m.id, s.content_id),
       CASE WHEN s.content_id IS NULL THEN 'a content has no state'
            ELSE 'there is a state of no content' END
FROM public.content_metadata AS m
FULL JOIN grove.content_state AS s ON s.content_id = m.id
WHERE s.content_id IS NULL OR m.id IS NULL
ORDER BY 1
LIMIT $1
