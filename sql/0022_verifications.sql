-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: no
--
-- What was found when both stores were compared (src/sync/verify.md): the last hundred times. A row
-- without an end is a comparison under way, or one that was broken off; next_id is where it goes on.
CREATE TABLE IF NOT EXISTS grove.verification (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection text NOT NULL,
    path text,                        -- null: everything
    quick boolean NOT NULL,           -- ids and revisions only
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    next_id bigint NOT NULL,
    contents bigint NOT NULL DEFAULT 0,
    points bigint NOT NULL DEFAULT 0,
    proven bigint NOT NULL DEFAULT 0, -- of the contents, by digests
    kinds bigint[] NOT NULL,          -- how many differences of each kind, in their order
    seconds double precision NOT NULL DEFAULT 0
);
ALTER TABLE grove.verification
    DROP CONSTRAINT IF EXISTS verification_counts,
    ADD CONSTRAINT verification_counts CHECK (contents >= 0 AND points >= 0 AND proven >= 0);
COMMENT ON TABLE grove.verification IS
    'what was found when both stores were compared; grove verify writes it';
