-- SPDX-License-Identifier: Apache-2.0
-- The highest revision that a projector can have written of each content so far.
--   $1 integer[]  content ids
-- answers: integer, bigint
-- A projector writes what was committed, and revisions of one content rise in the order of the
-- commits. So it is that of the content, or of its last outbox row where it is gone. Of a content
-- that is gone and forgotten nothing is known but what was drawn of any. The generation, which never
-- falls, comes on top of each.
SELECT u.content_id,
       coalesce(s.revision,
                (SELECT max(o.revision) FROM grove.outbox AS o WHERE o.content_id = u.content_id),
                (SELECT last_value FROM grove.revision_seq))
           + (SELECT value::bigint FROM grove.setting WHERE name = 'generation')
FROM unnest($1::integer[]) AS u (content_id)
LEFT JOIN grove.content_state AS s ON s.content_id = u.content_id
