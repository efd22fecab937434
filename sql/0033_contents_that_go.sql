-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: no
--
-- Whoever moves leaves, or changes vectors by hand, gives contents new revisions that he does not hold:
-- another transaction may have deleted one of them, and not be done. He waits for its state, finds none,
-- and gave the content one that was gone: no point ever came to it, so that it was missing for ever, each
-- search found the engine to be older than it was, and nothing mended it.
LOCK TABLE public.content_metadata, grove.embedding, grove.content_state IN SHARE ROW EXCLUSIVE MODE;

-- As grove.note_changed, by who does not hold the contents. A state that is there is held from then on:
-- who deletes its content waits, and deletes it as well. One that had to be made is taken away again, if
-- its content is not there any more: in read committed each statement sees what has been committed, and
-- whoever makes the content anew under its id waits for the state that is taken away. The outbox hears of
-- it: what the deletion put there may have been done by now. No rows of contents are locked for that:
-- those who delete many lock them in any order. An older snapshot would show the content still: there its
-- row is locked, which fails where it is gone.
CREATE OR REPLACE FUNCTION grove.note_changed_meanwhile(content_ids integer[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM FROM public.content_metadata AS m
        WHERE m.id = ANY (content_ids) ORDER BY m.id FOR KEY SHARE;
    END IF;
    PERFORM grove.note_changed(content_ids);
    PERFORM grove.note_deleted(array_agg(s.content_id))
    FROM grove.content_state AS s
    WHERE s.content_id = ANY (content_ids)
      AND NOT EXISTS (SELECT FROM public.content_metadata AS m WHERE m.id = s.content_id)
    HAVING count(*) > 0;
END $$;
COMMENT ON FUNCTION grove.note_changed_meanwhile IS
    'notes that contents change that others may be deleting';
REVOKE EXECUTE ON FUNCTION grove.note_changed_meanwhile(integer[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION grove.leaf_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    leaves text := TG_TABLE_NAME;
    ids integer[];
    branches text[];
    limbs text[];
BEGIN
    -- Ids are other ones only where no contents are on them (grove_keep_leaf).
    DELETE FROM grove.leaf AS l
    USING old_rows AS o
    WHERE l.hierarchy_table = leaves AND l.leaf_id = o.id
      AND NOT EXISTS (SELECT FROM new_rows AS n WHERE n.id = o.id);
    SELECT array_agg(n.id), array_agg(n.branch), array_agg(n.limb) INTO ids, branches, limbs
    FROM new_rows AS n
    LEFT JOIN grove.leaf AS l ON l.hierarchy_table = leaves AND l.leaf_id = n.id
    WHERE (l.branch, l.limb) IS DISTINCT FROM (n.branch, n.limb);
    IF ids IS NOT NULL THEN
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
                MESSAGE = format('cannot move or rename branches and limbs of %s in a %s transaction',
                                 leaves, current_setting('transaction_isolation')),
                HINT = 'use BEGIN ISOLATION LEVEL READ COMMITTED';
        END IF;
        PERFORM grove.rename_branches(leaves, ids, branches);
        PERFORM grove.rename_limbs(leaves, ids, branches, limbs);
        PERFORM grove.hold_places(leaves, branches, limbs);
        PERFORM grove.note_changed_meanwhile(array_agg(c.id))
        FROM unnest(ids, branches, limbs) AS u (id, branch, limb)
        JOIN grove.branch AS b ON b.hierarchy_table = leaves AND b.branch = u.branch
        JOIN grove.limb AS m ON m.branch_id = b.branch_id AND m.limb = u.limb
        LEFT JOIN grove.leaf AS l ON l.hierarchy_table = leaves AND l.leaf_id = u.id
        JOIN public.content_metadata AS c ON c.hierarchy_table = leaves AND c.leaf_id = u.id
        WHERE (l.branch_id, l.limb_id) IS DISTINCT FROM (b.branch_id, m.limb_id)
        HAVING count(*) > 0;
    END IF;
    INSERT INTO grove.leaf AS l (hierarchy_table, tree, leaf_id, branch, limb, leaf, description,
                                 created_at, branch_id, limb_id)
    SELECT leaves, s.tree, n.id, n.branch, n.limb, n.leaf, n.description, n.created_at,
           b.branch_id, m.limb_id
    FROM new_rows AS n
    JOIN grove.subject AS s ON s.hierarchy_table = leaves
    JOIN grove.branch AS b ON b.hierarchy_table = leaves AND b.branch = n.branch
    JOIN grove.limb AS m ON m.branch_id = b.branch_id AND m.limb = n.limb
    ON CONFLICT (hierarchy_table, leaf_id) DO UPDATE
    SET branch = excluded.branch, limb = excluded.limb, leaf = excluded.leaf,
        description = excluded.description, created_at = excluded.created_at,
        branch_id = excluded.branch_id, limb_id = excluded.limb_id
    WHERE (l.branch, l.limb, l.leaf, l.description, l.created_at)
          IS DISTINCT FROM (excluded.branch, excluded.limb, excluded.leaf, excluded.description,
                            excluded.created_at);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION grove.embedding_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM grove.note_changed_meanwhile(array_agg(n.content_id))
    FROM new_rows AS n
    LEFT JOIN old_rows AS o ON o.content_id = n.content_id AND o.model = n.model
    WHERE NOT grove.is_direction(n.vector)
       OR o.content_id IS NULL
       OR (o.created_at = n.created_at AND o.vector <> n.vector)
    HAVING count(*) > 0;
    RETURN NULL;
END $$;

-- What this left behind before: states of contents that are gone. No content comes or goes meanwhile.
SELECT grove.note_deleted(array_agg(s.content_id))
FROM grove.content_state AS s
WHERE NOT EXISTS (SELECT FROM public.content_metadata AS m WHERE m.id = s.content_id)
HAVING count(*) > 0;
