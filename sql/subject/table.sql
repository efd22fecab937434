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
