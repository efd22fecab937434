-- SPDX-License-Identifier: Apache-2.0
-- Notes contents whose text is longer than the model reads, and how far they were looked at.
--   $1 text       how far they had been; where that has changed another projector was here: nothing is
--                 noted
--   $2 text       how far they are now, or all
--   $3 integer[]  contents
--   $4 bytea[]    SHA-256 of their texts
-- answers: integer
-- What has been noted since the text was read is of a later one, and stays.
WITH moved AS (
    UPDATE grove.setting SET value = $2, changed_at = clock_timestamp()
    WHERE name = 'long_texts' AND value = $1
    RETURNING value
), held AS MATERIALIZED (
    SELECT m.id
    FROM public.content_metadata AS m
    WHERE m.id = ANY ($3) AND EXISTS (SELECT FROM moved)
    ORDER BY m.id
    FOR KEY SHARE
)
INSERT INTO grove.long_text AS l (content_id, text_sha256)
SELECT h.id, g.text_sha256
FROM held AS h
JOIN unnest($3::integer[], $4::bytea[]) AS g (content_id, text_sha256) ON g.content_id = h.id
ORDER BY h.id
ON CONFLICT (content_id) DO NOTHING
RETURNING l.content_id
