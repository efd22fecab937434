-- SPDX-License-Identifier: Apache-2.0
-- A list without a subject that is there would refuse its contents.
DO $$
BEGIN
    IF EXISTS (SELECT FROM grove.subject AS s WHERE s.hierarchy_table NOT IN (%{tables})) THEN
        RAISE EXCEPTION 'there are other subjects than this statement was written for'
            USING HINT = 'grove subject add --dry-run prints those for this database';
    END IF;
END $$;
-- Beside the CHECK that is there, which holds on; rows that are there are not looked at yet.
ALTER TABLE public.content_metadata ADD CONSTRAINT valid_hierarchy_table_next
    CHECK (hierarchy_table IN (%{tables})) NOT VALID;
