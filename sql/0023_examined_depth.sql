-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: yes
--
-- How many rows of an answer the examination of a graph stands for (src/sync/examination.md). Libraries
-- that do not know of it write the rest of the row: so what it is of is told beside it.
ALTER TABLE grove.examination
    ADD COLUMN IF NOT EXISTS depth integer NOT NULL DEFAULT 10
        CONSTRAINT examination_depth_counts CHECK (depth > 0),
    ADD COLUMN IF NOT EXISTS depth_of text;
COMMENT ON COLUMN grove.examination.depth IS
    'so many rows of an answer of the graph are as good as its best ten, where depth_of is of this row';
COMMENT ON COLUMN grove.examination.depth_of IS 'graph and revision that depth was found of';
