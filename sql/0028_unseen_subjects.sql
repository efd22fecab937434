-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: no
--
-- A transaction in repeatable read or serializable that is older than a subject meets its CHECK, which
-- knows no snapshots, and not its row in grove.subject: so grove_leaf_exists left the refusal of the name
-- to the CHECK, and the CHECK let it pass. Here the CHECK is over.
CREATE OR REPLACE FUNCTION grove.refuse_unseen(tables text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    unseen text;
BEGIN
    SELECT u.name INTO unseen
    FROM unnest(tables) AS u (name)
    WHERE NOT EXISTS (SELECT FROM grove.subject AS s WHERE s.hierarchy_table = u.name)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
            MESSAGE = format('the subject of %s is newer than this %s transaction', unseen,
                             current_setting('transaction_isolation')),
            DETAIL = 'Its snapshot has none of the subject''s leaves.',
            HINT = 'begin the transaction again';
    END IF;
END $$;
COMMENT ON FUNCTION grove.refuse_unseen IS
    'refuses contents of subjects that the transaction''s snapshot does not have';
REVOKE EXECUTE ON FUNCTION grove.refuse_unseen(text[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION grove.content_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM grove.refuse_unseen(array_agg(DISTINCT hierarchy_table)) FROM new_rows;
    END IF;
    PERFORM grove.note_changed(array_agg(id)) FROM new_rows HAVING count(*) > 0;
    RETURN NULL;
END $$;

-- Only columns that reach the vector engine, or the text that is embedded, count.
CREATE OR REPLACE FUNCTION grove.content_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM grove.refuse_unseen(array_agg(DISTINCT hierarchy_table)) FROM new_rows;
    END IF;
    PERFORM grove.note_changed(array_agg(n.id))
    FROM new_rows AS n
    JOIN old_rows AS o ON o.id = n.id
    WHERE (n.hierarchy_table, n.leaf_id, n.content_type, n.title, n.content_summary,
           n.chunk_number, n.word_count, n.created_at)
          IS DISTINCT FROM
          (o.hierarchy_table, o.leaf_id, o.content_type, o.title, o.content_summary,
           o.chunk_number, o.word_count, o.created_at)
    HAVING count(*) > 0;
    RETURN NULL;
END $$;
