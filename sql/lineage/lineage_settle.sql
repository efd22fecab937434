-- SPDX-License-Identifier: Apache-2.0
-- All was compared: rows may leave the outbox again. What was known of the collection's graph holds
-- again, where every page was compared by those who look whether it differs, and none did
-- (lineage_compare.sql); what was known of others is of another history.
--   $1 text  its history
--   $2 text  who compared
--   $3 text  collection
-- answers: boolean
-- Whether something is known of the graph again.
WITH settled AS (
    UPDATE grove.lineage
    SET doubt = NULL, doubted_at = NULL, claimed_by = NULL, claimed_until = NULL,
        written = pg_current_xact_id()::xid
    WHERE history = $1 AND claimed_by = $2
    RETURNING is_one
), valid AS (
    UPDATE grove.examination AS x
    SET graph = regexp_replace(x.graph, '^doubted:[0-9]+:', '')
    FROM settled
    WHERE x.collection = $3 AND x.graph LIKE 'doubted:2147483648:%'
    RETURNING x.collection
), others AS (
    DELETE FROM grove.examination AS x USING settled
    WHERE x.graph LIKE 'doubted:%'
      AND (x.collection <> $3 OR x.graph NOT LIKE 'doubted:2147483648:%')
)
SELECT EXISTS (SELECT FROM valid) FROM settled
