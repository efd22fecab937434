-- SPDX-License-Identifier: Apache-2.0
-- kind: online
-- compatible from: 15
-- demanded: no
--
-- A constraint and an index on a table that is written all the time.

-- step: brief
ALTER TABLE public.content_metadata
    DROP CONSTRAINT IF EXISTS words_are_counted,
    ADD CONSTRAINT words_are_counted CHECK (word_count >= 0) NOT VALID;

-- step: patient
ALTER TABLE public.content_metadata VALIDATE CONSTRAINT words_are_counted;

-- step: index public.idx_content_words
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_content_words ON public.content_metadata (word_count);
