-- SPDX-License-Identifier: Apache-2.0
-- A list without another subject would refuse its contents.
DO $$
BEGIN
    IF EXISTS (SELECT FROM grove.subject AS s
               WHERE s.hierarchy_table NOT IN (%{tables}, '%{table}')) THEN
        RAISE EXCEPTION 'there are other subjects than this statement was written for'
            USING HINT = 'grove subject remove --dry-run prints those for this database';
    ELSIF NOT EXISTS (SELECT FROM grove.subject AS s WHERE s.hierarchy_table = '%{table}') THEN
        RAISE EXCEPTION 'there is no subject with the table %{table}';
    END IF;
END $$;
-- From here on nobody adds contents to the subject. Those that are there are not looked at yet.
ALTER TABLE public.content_metadata ADD CONSTRAINT valid_hierarchy_table_next
    CHECK (hierarchy_table IN (%{tables})) NOT VALID;
