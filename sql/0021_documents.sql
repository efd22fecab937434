-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: yes
--
-- Documents, and the contents that are their chunks (documents.md). A content of no document has no row
-- here, and nothing of it changes.
CREATE TABLE IF NOT EXISTS grove.document (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source varchar(100) NOT NULL DEFAULT '',
    key varchar(500) NOT NULL CONSTRAINT document_key_says_something CHECK (btrim(key) <> ''),
    title varchar(200) NOT NULL,
    url varchar(2000),
    metadata jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT document_metadata_is_an_object CHECK (jsonb_typeof(metadata) = 'object'),
    body text NOT NULL,
    body_sha256 bytea NOT NULL,
    chunk_count integer NOT NULL CONSTRAINT document_has_chunks CHECK (chunk_count > 0),
    -- As content_metadata has them.
    -- squawk-ignore prefer-timestamp-tz
    created_at timestamp NOT NULL DEFAULT LOCALTIMESTAMP,
    -- squawk-ignore prefer-timestamp-tz
    updated_at timestamp NOT NULL DEFAULT LOCALTIMESTAMP,
    CONSTRAINT document_source_key UNIQUE (source, key)
);
COMMENT ON TABLE grove.document IS
    'texts of any length, known by source and key; grove.chunk has their parts';
COMMENT ON COLUMN grove.document.chunk_count IS 'into how many chunks it was split';
COMMENT ON COLUMN grove.document.updated_at IS 'when it was loaded last with a change';

CREATE TABLE IF NOT EXISTS grove.chunk (
    content_id integer PRIMARY KEY REFERENCES public.content_metadata (id) ON DELETE CASCADE,
    document_id integer NOT NULL REFERENCES grove.document (id) ON DELETE CASCADE,
    position integer NOT NULL CONSTRAINT chunk_position_counts CHECK (position > 0),
    heading text NOT NULL DEFAULT '',
    first_character integer NOT NULL CHECK (first_character > 0),
    characters integer NOT NULL CHECK (characters > 0),
    CONSTRAINT chunk_document_position UNIQUE (document_id, position) DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE grove.chunk IS 'which contents are parts of which document, in which order';
COMMENT ON COLUMN grove.chunk.heading IS 'the headings that it stands under, outermost first';
COMMENT ON COLUMN grove.chunk.first_character IS
    'where it begins: its text is substr(document.body, first_character, characters)';

-- A content that is deleted takes its chunk with it; a document that is deleted its chunks, and they
-- their contents. A document goes with its last chunk: nothing could find it any more. Of two that take
-- away a chunk each the second waits, and sees what the first has left.
CREATE OR REPLACE FUNCTION grove.chunk_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM public.content_metadata AS m USING old_rows AS o WHERE m.id = o.content_id;
    PERFORM FROM grove.document AS d
    WHERE d.id IN (SELECT o.document_id FROM old_rows AS o)
    ORDER BY d.id FOR UPDATE;
    DELETE FROM grove.document AS d
    WHERE d.id IN (SELECT o.document_id FROM old_rows AS o)
      AND NOT EXISTS (SELECT FROM grove.chunk AS c WHERE c.document_id = d.id);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION grove.chunk_deleted IS
    'takes away the contents of chunks that are gone, and documents without chunks';
REVOKE EXECUTE ON FUNCTION grove.chunk_deleted() FROM PUBLIC;
CREATE OR REPLACE TRIGGER grove_chunk_deleted AFTER DELETE ON grove.chunk
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.chunk_deleted();

-- With all contents.
CREATE OR REPLACE FUNCTION grove.chunk_truncated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM grove.document;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION grove.chunk_truncated IS 'takes away all documents, whose chunks are gone';
REVOKE EXECUTE ON FUNCTION grove.chunk_truncated() FROM PUBLIC;
CREATE OR REPLACE TRIGGER grove_chunk_truncated AFTER TRUNCATE ON grove.chunk
    FOR EACH STATEMENT EXECUTE FUNCTION grove.chunk_truncated();
