-- SPDX-License-Identifier: Apache-2.0
-- What the vector engine should hold for certain contents, as of now. A content that is not among
-- the rows no longer exists.
--   $1 integer[]  content ids
--   $2 text       model id
--   $3 integer[]  contents whose embedding is of no use, as if it were of another text
-- answers: integer, bigint, text, integer, text, integer, integer, timestamp, bytea, text, bigint,
--          text, boolean, integer, integer
-- `embedding` is null where there is none or the text has changed since; then `text` is what to
-- embed. `generation` is the database's, as of now: where it is not that of the lease, the model has
-- changed since. `origin` is that of the embedding. `elsewhere` tells that a vector of the text was
-- supplied under another model, and counts before this one.
-- The last two are the numbers of the leaf's branch and limb; when a leaf gets others its contents
-- take a new revision, as when they change themselves.
SELECT m.id,
       s.revision,
       m.hierarchy_table,
       m.leaf_id,
       m.content_type,
       m.chunk_number,
       m.word_count,
       m.created_at,
       CASE WHEN fresh.ok THEN e.vector END AS embedding,
       CASE WHEN fresh.ok THEN NULL ELSE t.text END AS text,
       (SELECT value::bigint FROM grove.setting WHERE name = 'generation') AS generation,
       CASE WHEN fresh.ok THEN e.origin END AS origin,
       EXISTS (SELECT
               FROM grove.embedding AS x
               WHERE x.content_id = m.id AND x.model <> $2 AND x.text_sha256 = t.sha256 AND
-- part: supplied
       ) AS elsewhere,
       l.branch_id,
       l.limb_id
FROM unnest($1::integer[]) AS wanted (id)
JOIN public.content_metadata AS m ON m.id = wanted.id
JOIN grove.content_state AS s ON s.content_id = m.id
LEFT JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
LEFT JOIN grove.body AS b ON b.content_id = m.id
LEFT JOIN grove.embedding AS e ON e.content_id = m.id AND e.model = $2
CROSS JOIN LATERAL (
    SELECT u.text, sha256(convert_to(u.text, 'UTF8')) AS sha256
    FROM (SELECT m.title || E'\n' || coalesce(b.body, m.content_summary) AS text) AS u
    OFFSET 0
) AS t
CROSS JOIN LATERAL (
    SELECT coalesce(e.text_sha256 = t.sha256, false) AND m.id <> ALL ($3) AS ok
) AS fresh
