-- SPDX-License-Identifier: Apache-2.0
-- The specification's template. The table is new and empty: nobody else sees it yet, so that its
-- indexes need not be built CONCURRENTLY. The comment tells that it is an addition of grove's.
CREATE TABLE public.%{table} (
    id SERIAL PRIMARY KEY,
    branch VARCHAR(100) NOT NULL,
    limb VARCHAR(100) NOT NULL,
    leaf VARCHAR(100) NOT NULL,
    description VARCHAR(500),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT unique_%{stem}_path UNIQUE (branch, limb, leaf)
);
CREATE INDEX idx_%{stem}_branch ON public.%{table} (branch);
CREATE INDEX idx_%{stem}_limb ON public.%{table} (branch, limb);
COMMENT ON TABLE public.%{table} IS 'grove: the leaves of a subject';
-- Whoever makes it acts for the owner of the contents, who is to have it.
DO $$
BEGIN
    EXECUTE (SELECT format('ALTER TABLE public.%{table} OWNER TO %I', pg_get_userbyid(c.relowner))
             FROM pg_catalog.pg_class AS c WHERE c.oid = 'public.content_metadata'::regclass);
END $$;
