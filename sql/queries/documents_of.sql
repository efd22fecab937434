-- SPDX-License-Identifier: Apache-2.0
-- Of which documents contents are chunks, in the order of the ids given; 0: of none. Each is looked
-- up by itself: a plan from the time of few chunks would go through all of them, long after there
-- are many.
--   $1 integer[]  contents
-- answers: integer[]
SELECT array_agg(coalesce((SELECT c.document_id
                           FROM grove.chunk AS c
                           WHERE c.content_id = wanted.id), 0) ORDER BY wanted.position)
FROM unnest($1::integer[]) WITH ORDINALITY AS wanted (id, position)
