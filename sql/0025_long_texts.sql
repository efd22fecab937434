-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: yes
--
-- Contents whose text is longer than the model reads (documents.md). Whoever computes a vector notes them
-- with it: only the model's tokenizer can tell. A row counts as long as the embedding is of its text, so
-- libraries that do not know the table make none wrong.
CREATE TABLE IF NOT EXISTS grove.long_text (
    content_id integer CONSTRAINT long_text_pkey PRIMARY KEY
        REFERENCES public.content_metadata (id) ON DELETE CASCADE,
    text_sha256 bytea NOT NULL
);
COMMENT ON TABLE grove.long_text IS 'contents whose text is longer than the model reads';
COMMENT ON COLUMN grove.long_text.text_sha256 IS
    'of which text: where the embedding is of another, the row says nothing';

-- Texts that were embedded before are looked at some at a time, when nothing else waits. The last
-- content that was; 'all': they all were.
INSERT INTO grove.setting (name, value)
SELECT 'long_texts',
       CASE WHEN EXISTS (SELECT FROM grove.embedding) THEN '-2147483648' ELSE 'all' END
ON CONFLICT (name) DO NOTHING;
