-- SPDX-License-Identifier: Apache-2.0
--
-- A change of the model touches no row that a writer could want. Contents and their revisions stay as
-- they are: what tells the points of one model from those of another is the generation, which rises
-- with each change of the model.
--
-- The revision of a point is that of its content plus the generation. At first that is 0: points that
-- were written before are what they were.
INSERT INTO grove.setting (name, value) VALUES ('generation', '0') ON CONFLICT (name) DO NOTHING;
ALTER TABLE grove.setting
    DROP CONSTRAINT IF EXISTS setting_generation_counts,
    ADD CONSTRAINT setting_generation_counts CHECK (name <> 'generation' OR value ~ '^[0-9]{1,18}$');
COMMENT ON TABLE grove.setting IS
    'settings of the database; model: whose vectors are compared; generation: what the revision of a point has more than that of its content';
