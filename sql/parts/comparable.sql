-- SPDX-License-Identifier: Apache-2.0
-- What a content m is compared by: its vector where that is known to be the one of its text. A
-- content outside the outbox has a current vector of the database's model (sql/README.md, invariant
-- 3). Of one inside it the revision tells at which its text changed last; where the embedding has
-- none, the text's hash.
-- Texts are read for that only, and none is sent: there is no bound to what they hold.
-- Where the model was ever changed a vector of the same text may have been supplied under another
-- one since: that counts, and texts.sql finds it.
-- o tells whether it waits in the outbox: there may be several rows of it, and one is looked for.
--   $9 text  model id
LEFT JOIN LATERAL (
    SELECT w.content_id FROM grove.outbox AS w WHERE w.content_id = m.id LIMIT 1
) AS o ON true
LEFT JOIN grove.embedding AS e ON e.content_id = m.id AND e.model = $9
CROSS JOIN LATERAL (
    SELECT CASE
           WHEN e.content_id IS NULL THEN false
           WHEN o.content_id IS NULL THEN
               $9 = (SELECT value FROM grove.setting WHERE name = 'model')
           WHEN (SELECT value <> '0' FROM grove.setting WHERE name = 'generation')
                AND EXISTS (SELECT
                            FROM grove.embedding AS x
                            WHERE x.content_id = m.id AND x.model <> $9
                              AND x.text_sha256 = e.text_sha256 AND x.origin <> 'computed'
                              AND (e.origin = 'computed' OR e.revision < x.revision)
                              AND grove.is_direction(x.vector))
               THEN false
           WHEN e.revision IS NOT NULL THEN
               e.revision >= (SELECT s.text_revision FROM grove.content_state AS s
                              WHERE s.content_id = m.id)
           ELSE e.text_sha256 =
               sha256(convert_to(m.title || E'\n' || coalesce((SELECT b.body FROM grove.body AS b
                                                               WHERE b.content_id = m.id),
                                                              m.content_summary), 'UTF8'))
           END AS current
) AS p
