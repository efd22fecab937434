-- SPDX-License-Identifier: Apache-2.0
-- Which database this is, and which stretch of its history: the mark of its collection. Whether that
-- was written; why the projection is to be compared; what has happened to the database since.
-- The place that it stands in is the server, and the name there: whoever takes another's place by
-- that name is what has become of it.
-- Whether its collection is known by another name than this one. When its server began to run, where
-- nobody has looked since whether both stores went on together; null: somebody has, or it only answers.
-- The epoch that began with the last break.
--   $1 text  collection
-- answers: text, bigint, text, boolean, text, text, text, boolean, text, bigint
SELECT replace(l.identity::text, '-', ''), l.epoch, l.history, l.marked, l.doubt,
       grove.lineage_break(),
       substr(md5(coalesce(w.system, l.system) || '/' || current_database()), 1, 16),
       (SELECT c.value <> $1 FROM grove.setting AS c WHERE c.name = 'collection'),
       CASE WHEN NOT EXISTS (SELECT FROM grove.setting AS t
                             WHERE t.name = 'server_began' AND t.value = s.began)
            THEN s.began END,
       coalesce((SELECT b.value::bigint FROM grove.setting AS b WHERE b.name = 'break_epoch'), 1)
FROM grove.lineage AS l, grove.whereabouts() AS w, (
    SELECT CASE WHEN NOT pg_is_in_recovery()
                THEN extract(epoch FROM pg_postmaster_start_time())::text END AS began
) AS s
