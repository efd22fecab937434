-- SPDX-License-Identifier: Apache-2.0
-- What is known of graphs is set aside, with how far the comparison is, from its beginning: no graph
-- has such a name, so no search believes it. lineage_compare.sql throws it away where anything differs,
-- lineage_settle.sql gives it back.
-- No graph: there is nothing to set aside.
UPDATE grove.examination AS x
SET graph = 'doubted:0:' || regexp_replace(x.graph, '^doubted:[0-9]+:', '')
