-- SPDX-License-Identifier: Apache-2.0
--
-- Vectors that somebody supplies may point between texts, where the engine's graph misses rows at
-- best scores that are good ones for a text. What was examined before knew of texts only: until it
-- is examined anew no search for a vector relies on it.
ALTER TABLE grove.examination ADD COLUMN plausible_vectors real NOT NULL DEFAULT 2;
COMMENT ON COLUMN grove.examination.plausible_vectors IS
    'as plausible, of searches for vectors that are no text''s; 2: none is, since no score is so high';
