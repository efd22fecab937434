-- SPDX-License-Identifier: Apache-2.0
-- Loading documents: into what they are split, as far as this database says so.
-- answers: text, text
-- Tokens of a chunk, and of an overlap.
SELECT (SELECT value FROM grove.setting WHERE name = 'chunk_tokens'),
       (SELECT value FROM grove.setting WHERE name = 'chunk_overlap')
