-- SPDX-License-Identifier: Apache-2.0
--
-- Adds a subject to a database that is in use. Make a backup first: grove pg_dump.
--
-- Written by "grove subject", which does the same by itself, waits for locks and goes on after an
-- interruption. By hand, with psql -v ON_ERROR_STOP=1: where a phase ends with "canceling
-- statement due to lock timeout", somebody had what it locks; run that phase again. For a
-- database with the specification's nine subjects and this one: where there are others, the CHECK
-- must have them, and it ends before that is changed.

-- --- phase 1 of 5: table
-- locks the new table only: nobody waits
BEGIN;
SELECT pg_advisory_xact_lock(7454108920);
SET LOCAL lock_timeout = '5000ms';
-- The specification's template. The table is new and empty: nobody else sees it yet, so that its
-- indexes need not be built CONCURRENTLY. The comment tells that it is an addition of grove's.
CREATE TABLE public.science_hierarchy (
    id SERIAL PRIMARY KEY,
    branch VARCHAR(100) NOT NULL,
    limb VARCHAR(100) NOT NULL,
    leaf VARCHAR(100) NOT NULL,
    description VARCHAR(500),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT unique_science_path UNIQUE (branch, limb, leaf)
);
CREATE INDEX idx_science_branch ON public.science_hierarchy (branch);
CREATE INDEX idx_science_limb ON public.science_hierarchy (branch, limb);
COMMENT ON TABLE public.science_hierarchy IS 'grove: the leaves of a subject';
-- Whoever makes it acts for the owner of the contents, who is to have it.
DO $$
BEGIN
    EXECUTE (SELECT format('ALTER TABLE public.science_hierarchy OWNER TO %I', pg_get_userbyid(c.relowner))
             FROM pg_catalog.pg_class AS c WHERE c.oid = 'public.content_metadata'::regclass);
END $$;
COMMIT;

-- --- phase 2 of 5: extend
-- locks ACCESS EXCLUSIVE on content_metadata, for a moment; asked for during 10 ms at a time
BEGIN;
SELECT pg_advisory_xact_lock(7454108920);
SET LOCAL lock_timeout = '5000ms';
LOCK TABLE public.content_metadata IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = '10ms';
SET LOCAL synchronous_commit = off;
-- A list without a subject that is there would refuse its contents.
DO $$
BEGIN
    IF EXISTS (SELECT FROM grove.subject AS s WHERE s.hierarchy_table NOT IN ('religion_hierarchy', 'subject1_hierarchy', 'subject2_hierarchy', 'subject3_hierarchy', 'subject4_hierarchy', 'subject5_hierarchy', 'subject6_hierarchy', 'subject7_hierarchy', 'subject8_hierarchy', 'science_hierarchy')) THEN
        RAISE EXCEPTION 'there are other subjects than this statement was written for'
            USING HINT = 'grove subject add --dry-run prints those for this database';
    END IF;
END $$;
-- Beside the CHECK that is there, which holds on; rows that are there are not looked at yet.
ALTER TABLE public.content_metadata ADD CONSTRAINT valid_hierarchy_table_next
    CHECK (hierarchy_table IN ('religion_hierarchy', 'subject1_hierarchy', 'subject2_hierarchy', 'subject3_hierarchy', 'subject4_hierarchy', 'subject5_hierarchy', 'subject6_hierarchy', 'subject7_hierarchy', 'subject8_hierarchy', 'science_hierarchy')) NOT VALID;
COMMIT;

-- --- phase 3 of 5: validate
-- locks SHARE UPDATE EXCLUSIVE on content_metadata: readers and writers go on, vacuum waits
BEGIN;
SELECT pg_advisory_xact_lock(7454108920);
SET LOCAL lock_timeout = '5000ms';
-- Reads all rows. Readers and writers go on.
ALTER TABLE public.content_metadata VALIDATE CONSTRAINT valid_hierarchy_table_next;
COMMIT;

-- --- phase 4 of 5: enter
-- locks ACCESS EXCLUSIVE on content_metadata, for a moment; asked for during 10 ms at a time
BEGIN;
SELECT pg_advisory_xact_lock(7454108920);
SET LOCAL lock_timeout = '5000ms';
LOCK TABLE public.content_metadata IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = '10ms';
SET LOCAL synchronous_commit = off;
-- The decisive step: the subject and the CHECK that allows it, or neither. The lock that others
-- could wait for is taken last.
SELECT grove.attach_subject('science');
ALTER TABLE public.content_metadata DROP CONSTRAINT valid_hierarchy_table;
ALTER TABLE public.content_metadata
    RENAME CONSTRAINT valid_hierarchy_table_next TO valid_hierarchy_table;
COMMIT;

-- --- phase 5 of 5: settle
-- locks SHARE UPDATE EXCLUSIVE on the new table: nobody waits
BEGIN;
SELECT pg_advisory_xact_lock(7454108920);
SET LOCAL lock_timeout = '5000ms';
-- What planners go by; and a commit that waits for the disk, which the one before did not.
ANALYZE public.science_hierarchy;
INSERT INTO grove.setting (name, value)
VALUES ('subject.science_hierarchy.added', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = clock_timestamp();
COMMIT;
