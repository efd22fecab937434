-- SPDX-License-Identifier: Apache-2.0
-- Check: the last row of a content in the outbox is of the revision that the content has now, or of a
-- later one, as of a content that was put in again (sql/README.md, invariants 2, 4). Of a content that
-- is gone some row says so, not always the last: it may have been put in while a deletion was open.
--   $1 integer  rows at most
-- answers: integer, text
SELECT broken.content_id, broken.rule
FROM (
    SELECT o.content_id,
           CASE WHEN s.content_id IS NOT NULL
                     AND NOT EXISTS (SELECT FROM grove.outbox AS r
                                     WHERE r.content_id = o.content_id AND NOT r.deleted)
                    THEN 'a content that exists waits as deleted'
                WHEN s.content_id IS NULL
                     AND NOT EXISTS (SELECT FROM grove.outbox AS r
                                     WHERE r.content_id = o.content_id AND r.deleted)
                    THEN 'a content that does not exist waits as if it did'
                WHEN o.revision < s.revision
                    THEN format('a content waits at revision %s and has %s', o.revision, s.revision)
                WHEN o.revision > (SELECT last_value FROM grove.revision_seq)
                    THEN format('revision %s was never drawn', o.revision) END AS rule
    FROM grove.waiting AS o
    LEFT JOIN grove.content_state AS s ON s.content_id = o.content_id
    UNION ALL
    SELECT s.content_id, format('revision %s was never drawn', s.revision)
    FROM grove.content_state AS s
    WHERE s.revision > (SELECT last_value FROM grove.revision_seq)
      AND NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = s.content_id)
) AS broken
WHERE broken.rule IS NOT NULL
ORDER BY broken.content_id
LIMIT $1
