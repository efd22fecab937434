-- SPDX-License-Identifier: Apache-2.0
-- Points that are ahead of their contents: of a later revision than the content has come to, or of a
-- content that nothing is known of.
--   $1 integer[]  ids of points
--   $2 bigint[]   their revisions
-- answers: bigint
-- Of a content that is gone its last row of the outbox tells how far it came. One that is forgotten had
-- no point any more when it was.
SELECT count(*)
FROM unnest($1::integer[], $2::bigint[]) AS p (content_id, revision)
LEFT JOIN grove.content_state AS s ON s.content_id = p.content_id
WHERE p.revision
    > coalesce(s.revision,
               (SELECT max(o.revision) FROM grove.outbox AS o WHERE o.content_id = p.content_id), -1)
    + (SELECT value::bigint FROM grove.setting WHERE name = 'generation')
