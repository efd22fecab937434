-- SPDX-License-Identifier: Apache-2.0
-- The tables of the specification, exactly. What grove adds stands in the migrations that follow.

CREATE TABLE public.religion_hierarchy (
    id SERIAL PRIMARY KEY,
    branch VARCHAR(100) NOT NULL,
    limb VARCHAR(100) NOT NULL,
    leaf VARCHAR(100) NOT NULL,
    description VARCHAR(500),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT unique_religion_path UNIQUE (branch, limb, leaf)
);
CREATE INDEX idx_religion_branch ON public.religion_hierarchy (branch);
CREATE INDEX idx_religion_limb ON public.religion_hierarchy (branch, limb);

CREATE TABLE public.subject1_hierarchy (
    id SERIAL PRIMARY KEY,
    branch VARCHAR(100) NOT NULL,
    limb VARCHAR(100) NOT NULL,
    leaf VARCHAR(100) NOT NULL,
    description VARCHAR(500),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT unique_subject1_path UNIQUE (branch, limb, leaf)
);
CREATE INDEX idx_subject1_branch ON public.subject1_hierarchy (branch);
CREATE INDEX idx_subject1_limb ON public.subject1_hierarchy (branch, limb);

CREATE TABLE public.subject2_hierarchy (
    id SERIAL PRIMARY KEY,
    branch VARCHAR(100) NOT NULL,
    limb VARCHAR(100) NOT NULL,
    leaf VARCHAR(100) NOT NULL,
    description VARCHAR(500),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT unique_subject2_path UNIQUE (branch, limb, leaf)
);
CREATE INDEX idx_subject2_branch ON public.subject2_hierarchy (branch);
CREATE INDEX idx_subject2_limb ON public.subject2_hierarchy (branch, limb);

CREATE TABLE public.subject3_hierarchy (
    id SERIAL PRIMARY KEY,
    branch VARCHAR(100) NOT NULL,
    limb VARCHAR(100) NOT NULL,
    leaf VARCHAR(100) NOT NULL,
    description VARCHAR(500),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT unique_subject3_path UNIQUE (branch, limb, leaf)
);
CREATE INDEX idx_subject3_branch ON public.subject3_hierarchy (branch);
CREATE INDEX idx_subject3_limb ON public.subject3_hierarchy (branch, limb);

CREATE TABLE public.subject4_hierarchy (
    id SERIAL PRIMARY KEY,
    branch VARCHAR(100) NOT NULL,
    limb VARCHAR(100) NOT NULL,
    leaf VARCHAR(100) NOT NULL,
    description VARCHAR(500),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT unique_subject4_path UNIQUE (branch, limb, leaf)
);
CREATE INDEX idx_subject4_branch ON public.subject4_hierarchy (branch);
CREATE INDEX idx_subject4_limb ON public.subject4_hierarchy (branch, limb);

CREATE TABLE public.subject5_hierarchy (
    id SERIAL PRIMARY KEY,
    branch VARCHAR(100) NOT NULL,
    limb VARCHAR(100) NOT NULL,
    leaf VARCHAR(100) NOT NULL,
    description VARCHAR(500),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT unique_subject5_path UNIQUE (branch, limb, leaf)
);
CREATE INDEX idx_subject5_branch ON public.subject5_hierarchy (branch);
CREATE INDEX idx_subject5_limb ON public.subject5_hierarchy (branch, limb);

CREATE TABLE public.subject6_hierarchy (
    id SERIAL PRIMARY KEY,
    branch VARCHAR(100) NOT NULL,
    limb VARCHAR(100) NOT NULL,
    leaf VARCHAR(100) NOT NULL,
    description VARCHAR(500),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT unique_subject6_path UNIQUE (branch, limb, leaf)
);
CREATE INDEX idx_subject6_branch ON public.subject6_hierarchy (branch);
CREATE INDEX idx_subject6_limb ON public.subject6_hierarchy (branch, limb);

CREATE TABLE public.subject7_hierarchy (
    id SERIAL PRIMARY KEY,
    branch VARCHAR(100) NOT NULL,
    limb VARCHAR(100) NOT NULL,
    leaf VARCHAR(100) NOT NULL,
    description VARCHAR(500),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT unique_subject7_path UNIQUE (branch, limb, leaf)
);
CREATE INDEX idx_subject7_branch ON public.subject7_hierarchy (branch);
CREATE INDEX idx_subject7_limb ON public.subject7_hierarchy (branch, limb);

CREATE TABLE public.subject8_hierarchy (
    id SERIAL PRIMARY KEY,
    branch VARCHAR(100) NOT NULL,
    limb VARCHAR(100) NOT NULL,
    leaf VARCHAR(100) NOT NULL,
    description VARCHAR(500),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT unique_subject8_path UNIQUE (branch, limb, leaf)
);
CREATE INDEX idx_subject8_branch ON public.subject8_hierarchy (branch);
CREATE INDEX idx_subject8_limb ON public.subject8_hierarchy (branch, limb);

CREATE TABLE public.content_metadata (
    id SERIAL PRIMARY KEY,
    hierarchy_table VARCHAR(50) NOT NULL,
    leaf_id INTEGER NOT NULL,
    content_type VARCHAR(50) NOT NULL,
    title VARCHAR(200) NOT NULL,
    content_summary VARCHAR(500) NOT NULL,
    chunk_number INTEGER DEFAULT 1,
    word_count INTEGER,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT unique_content_chunk UNIQUE (hierarchy_table, leaf_id, content_type, chunk_number),
    CONSTRAINT valid_hierarchy_table CHECK (hierarchy_table IN (
        'religion_hierarchy', 'subject1_hierarchy', 'subject2_hierarchy',
        'subject3_hierarchy', 'subject4_hierarchy', 'subject5_hierarchy',
        'subject6_hierarchy', 'subject7_hierarchy', 'subject8_hierarchy'))
);
CREATE INDEX idx_content_hierarchy ON public.content_metadata (hierarchy_table, leaf_id);
CREATE INDEX idx_content_type ON public.content_metadata (content_type);
CREATE INDEX idx_content_created ON public.content_metadata (created_at DESC);
