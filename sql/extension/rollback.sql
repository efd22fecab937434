-- SPDX-License-Identifier: Apache-2.0
--
-- Removes the subject again, with all that is in it. Make a backup first: grove pg_dump.
--
-- Written by "grove subject", which does the same by itself, waits for locks and goes on after an
-- interruption. By hand, with psql -v ON_ERROR_STOP=1: where a phase ends with "canceling
-- statement due to lock timeout", somebody had what it locks; run that phase again. For a
-- database with the specification's nine subjects and this one: where there are others, the CHECK
-- must have them, and it ends before that is changed.

-- --- phase 1 of 4: forbid
-- locks ACCESS EXCLUSIVE on content_metadata, for a moment; asked for during 10 ms at a time
BEGIN;
SELECT pg_advisory_xact_lock(7454108920);
SET LOCAL lock_timeout = '5000ms';
LOCK TABLE public.content_metadata IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = '10ms';
SET LOCAL synchronous_commit = off;
-- A list without another subject would refuse its contents.
DO $$
BEGIN
    IF EXISTS (SELECT FROM grove.subject AS s
               WHERE s.hierarchy_table NOT IN ('religion_hierarchy', 'subject1_hierarchy', 'subject2_hierarchy', 'subject3_hierarchy', 'subject4_hierarchy', 'subject5_hierarchy', 'subject6_hierarchy', 'subject7_hierarchy', 'subject8_hierarchy', 'science_hierarchy')) THEN
        RAISE EXCEPTION 'there are other subjects than this statement was written for'
            USING HINT = 'grove subject remove --dry-run prints those for this database';
    ELSIF NOT EXISTS (SELECT FROM grove.subject AS s WHERE s.hierarchy_table = 'science_hierarchy') THEN
        RAISE EXCEPTION 'there is no subject with the table science_hierarchy';
    END IF;
END $$;
-- From here on nobody adds contents to the subject. Those that are there are not looked at yet.
ALTER TABLE public.content_metadata ADD CONSTRAINT valid_hierarchy_table_next
    CHECK (hierarchy_table IN ('religion_hierarchy', 'subject1_hierarchy', 'subject2_hierarchy', 'subject3_hierarchy', 'subject4_hierarchy', 'subject5_hierarchy', 'subject6_hierarchy', 'subject7_hierarchy', 'subject8_hierarchy')) NOT VALID;
COMMIT;

-- --- phase 2 of 4: empty
-- locks the rows of the subject's contents: who changes one of them waits
BEGIN;
SELECT pg_advisory_xact_lock(7454108920);
SET LOCAL lock_timeout = '5000ms';
-- All contents of the subject, or none of them. Their points follow by the outbox.
DELETE FROM public.content_metadata WHERE hierarchy_table = 'science_hierarchy';
COMMIT;

-- --- phase 3 of 4: validate
-- locks SHARE UPDATE EXCLUSIVE on content_metadata: readers and writers go on, vacuum waits
BEGIN;
SELECT pg_advisory_xact_lock(7454108920);
SET LOCAL lock_timeout = '5000ms';
-- Reads all rows. Readers and writers go on.
ALTER TABLE public.content_metadata VALIDATE CONSTRAINT valid_hierarchy_table_next;
COMMIT;

-- --- phase 4 of 4: leave
-- locks ACCESS EXCLUSIVE on content_metadata and the subject's table, for a moment; asked for during 10 ms at a time
BEGIN;
SELECT pg_advisory_xact_lock(7454108920);
SET LOCAL lock_timeout = '5000ms';
LOCK TABLE public.content_metadata IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = '10ms';
-- The decisive step: the CHECK without the subject, and all that was the subject's, go together.
DELETE FROM grove.subject WHERE hierarchy_table = 'science_hierarchy';
DELETE FROM grove.setting WHERE starts_with(name, 'subject.science_hierarchy.');
SELECT grove.unwatch_leaves('science_hierarchy');
DROP TABLE public.science_hierarchy;
ALTER TABLE public.content_metadata DROP CONSTRAINT valid_hierarchy_table;
ALTER TABLE public.content_metadata
    RENAME CONSTRAINT valid_hierarchy_table_next TO valid_hierarchy_table;
COMMIT;
