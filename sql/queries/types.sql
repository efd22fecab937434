-- SPDX-License-Identifier: Apache-2.0
-- The content types that there are: one look into the index for each, however many rows there are.
--   $1 int4  at most so many
-- answers: text
WITH RECURSIVE types AS (
    (SELECT content_type FROM public.content_metadata ORDER BY content_type LIMIT 1)
    UNION ALL
    SELECT (SELECT m.content_type FROM public.content_metadata AS m
            WHERE m.content_type > t.content_type ORDER BY m.content_type LIMIT 1)
    FROM types AS t
    WHERE t.content_type IS NOT NULL
)
SELECT content_type FROM types WHERE content_type IS NOT NULL LIMIT $1
