-- SPDX-License-Identifier: Apache-2.0
-- kind: backfill
-- compatible from: 15
-- demanded: no
--
-- How long titles are. What is written from now on has it by a trigger, whoever writes it.
CREATE FUNCTION grove.note_title_length() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO grove.title_length VALUES (NEW.id, length(NEW.title))
    ON CONFLICT (content_id) DO UPDATE SET characters = excluded.characters;
    RETURN NULL;
END $$;
CREATE TRIGGER note_title_length AFTER INSERT OR UPDATE OF title ON public.content_metadata
    FOR EACH ROW EXECUTE FUNCTION grove.note_title_length();

-- each chunk:
--   $1 bigint   up to this id it is done
--   $2 integer  contents at most
-- answers: bigint
WITH next AS MATERIALIZED (
    SELECT m.id, length(m.title) AS characters
    FROM public.content_metadata AS m
    WHERE m.id > $1
    ORDER BY m.id
    LIMIT $2
), filled AS (
    INSERT INTO grove.title_length
    SELECT n.id, n.characters FROM next AS n
    ON CONFLICT (content_id) DO NOTHING
)
SELECT max(n.id)::bigint FROM next AS n
