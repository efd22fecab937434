-- SPDX-License-Identifier: Apache-2.0
-- What grove keeps beside the specified tables. The invariants are in sql/README.md.

COMMENT ON SCHEMA grove IS 'what grove keeps beside the public tables; changed by grove only';
COMMENT ON TABLE grove.migration IS 'the migrations applied to this database, with their checksums';

-- Which trees there are. Registered by grove.attach_subject.
CREATE TABLE grove.subject (
    hierarchy_table varchar(50) PRIMARY KEY,
    tree varchar(40) NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
COMMENT ON TABLE grove.subject IS 'the trees and the tables of their leaves';

-- What holds for the whole database, whoever uses it.
CREATE TABLE grove.setting (
    name text PRIMARY KEY,
    value text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE grove.setting IS 'settings of the database; model: whose vectors are compared';
INSERT INTO grove.setting (name, value) VALUES ('model', 'all-MiniLM-L6-v2/f32');

-- Every change of a content takes the next number: higher is newer.
CREATE SEQUENCE grove.revision_seq AS bigint;
COMMENT ON SEQUENCE grove.revision_seq IS 'numbers the changes of all contents';

-- The current revision of each live content. Kept by triggers, without a foreign key: it must
-- change in the same statement as the content, also when the content goes.
CREATE TABLE grove.content_state (
    content_id integer PRIMARY KEY,
    revision bigint NOT NULL
) WITH (fillfactor = 80);
COMMENT ON TABLE grove.content_state IS 'the current revision of each content that exists';

CREATE TABLE grove.body (
    content_id integer PRIMARY KEY REFERENCES public.content_metadata (id) ON DELETE CASCADE,
    body text NOT NULL
);
COMMENT ON TABLE grove.body IS
    'the full text of a chunk; content_metadata.content_summary holds 500 characters at most';

CREATE TABLE grove.embedding (
    content_id integer NOT NULL REFERENCES public.content_metadata (id) ON DELETE CASCADE,
    model text NOT NULL,
    text_sha256 bytea NOT NULL CHECK (octet_length(text_sha256) = 32),
    origin text NOT NULL DEFAULT 'computed'
        CHECK (origin IN ('computed', 'supplied', 'placeholder')),
    vector bytea NOT NULL CHECK (octet_length(vector) = 1536),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (content_id, model)
);
-- 1.5 KB of random bytes: compressing them costs time and wins nothing.
ALTER TABLE grove.embedding ALTER COLUMN vector SET STORAGE EXTERNAL;
COMMENT ON TABLE grove.embedding IS 'vectors by content and model: 384 float32, little endian';
COMMENT ON COLUMN grove.embedding.text_sha256 IS
    'SHA-256 of the text embedded; when the content''s text has another, the vector is out of date';

CREATE TABLE grove.outbox (
    content_id integer PRIMARY KEY,
    revision bigint NOT NULL,
    deleted boolean NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    not_before timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease_owner text,
    lease_until timestamptz,
    last_error text,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(), -- of the oldest change in it
    dead_since timestamptz
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000,
        autovacuum_analyze_scale_factor = 0.0, autovacuum_analyze_threshold = 1000);
CREATE INDEX outbox_due ON grove.outbox (not_before, content_id) WHERE dead_since IS NULL;
COMMENT ON TABLE grove.outbox IS
    'contents whose point in the vector engine is not known to be current, one row each';

CREATE VIEW grove.dead_letter AS
SELECT o.content_id, o.revision, o.deleted, o.attempts, o.last_error, o.dead_since,
       m.hierarchy_table, m.leaf_id, m.content_type, m.chunk_number, m.title
FROM grove.outbox AS o
LEFT JOIN public.content_metadata AS m ON m.id = o.content_id
WHERE o.dead_since IS NOT NULL;
COMMENT ON VIEW grove.dead_letter IS
    'contents that could not be written to the vector engine, with the reason; "grove sync --retry-dead" tries again';

-- Newest first within a tree, for pages of navigation that span many leaves.
CREATE INDEX grove_content_newest ON public.content_metadata
    (hierarchy_table, created_at DESC NULLS LAST, id DESC);
