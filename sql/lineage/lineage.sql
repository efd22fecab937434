-- SPDX-License-Identifier: Apache-2.0
-- Which database this is, and which stretch of its history: the mark of its collection. Whether that
-- was written; why the projection is to be compared; what has happened to the database since.
-- answers: text, bigint, text, boolean, text, text
SELECT replace(l.identity::text, '-', ''), l.epoch, l.history, l.marked, l.doubt,
       grove.lineage_break()
FROM grove.lineage AS l
