-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: no
--
-- Whoever puts another vector in the place of one has its content projected anew, as whoever spoils one:
-- searches compare what the engine has. What grove itself writes has a time of its own, and is noted by
-- whoever writes it.
LOCK TABLE grove.embedding IN SHARE ROW EXCLUSIVE MODE;

CREATE OR REPLACE FUNCTION grove.embedding_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM grove.note_changed(array_agg(n.content_id))
    FROM new_rows AS n
    LEFT JOIN old_rows AS o ON o.content_id = n.content_id AND o.model = n.model
    WHERE NOT grove.is_direction(n.vector)
       OR o.content_id IS NULL
       OR (o.created_at = n.created_at AND o.vector <> n.vector)
    HAVING count(*) > 0;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION grove.embedding_updated IS
    'has contents projected whose vectors somebody replaced or spoiled';

CREATE OR REPLACE TRIGGER grove_embedding_updated AFTER UPDATE ON grove.embedding
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION grove.embedding_updated();
