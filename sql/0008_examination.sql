-- SPDX-License-Identifier: Apache-2.0
--
-- What makes an answer of the vector engine's graph a whole one (src/query/README.md), kept where
-- every client reads it in the same moment as the rows.

-- Drawn by each acknowledgment, before it commits. Where two readings agree no row left the outbox
-- between them: what a search did not find waiting was in the engine before it was asked.
CREATE SEQUENCE grove.acknowledged_seq;
COMMENT ON SEQUENCE grove.acknowledged_seq IS
    'drawn by each acknowledgment, so that a search notices one that falls between its statements';

-- One row a collection: what was found when its graph was looked at last.
CREATE TABLE grove.examination (
    collection text PRIMARY KEY,
    graph text NOT NULL,           -- as the engine names what it searched; '': nothing to look at
    revision bigint NOT NULL,      -- the last one drawn when it began
    points bigint NOT NULL,        -- contents there were then
    ef integer NOT NULL,           -- with which the graph was good enough; 0: it never was
    ef_filtered integer NOT NULL,  -- the same under a filter
    plausible real NOT NULL,       -- a best score below this is no proof that nothing is nearer
    unreached integer[] NOT NULL,  -- contents that the graph does not reach, or hardly
    queries integer NOT NULL,      -- asked of the graph and exactly
    recall real NOT NULL,          -- of those with a plausible best score, the mean
    recall_worst real NOT NULL,
    seconds real NOT NULL,
    reason text,                   -- where ef is 0
    examined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    claimed_until timestamptz,     -- somebody examines it anew, unless this is over
    CONSTRAINT examination_ef CHECK (ef >= 0 AND ef_filtered >= 0),
    CONSTRAINT examination_unreached CHECK (cardinality(unreached) <= 4096),
    CONSTRAINT examination_points CHECK (points >= 0 AND revision >= 0 AND queries >= 0)
);
COMMENT ON TABLE grove.examination IS
    'what was found when a collection''s graph was looked at last; grove sync writes it';
