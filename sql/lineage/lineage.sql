-- SPDX-License-Identifier: Apache-2.0
-- Which database this is, and which stretch of its history: the mark of its collection. Whether that
-- was written; why the projection is to be compared; what has happened to the database since.
-- The place that it stands in is the server, and the name there: whoever takes another's place by
-- that name is what has become of it.
-- answers: text, bigint, text, boolean, text, text, text
SELECT replace(l.identity::text, '-', ''), l.epoch, l.history, l.marked, l.doubt,
       grove.lineage_break(),
       substr(md5(coalesce(w.system, l.system) || '/' || current_database()), 1, 16)
FROM grove.lineage AS l, grove.whereabouts() AS w
