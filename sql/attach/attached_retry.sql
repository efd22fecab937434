-- SPDX-License-Identifier: Apache-2.0
-- Rows that were refused are read once more, and tables that could not be read are tried at once.
-- answers: bigint
WITH again AS (
    UPDATE grove.attached AS a SET retry_at = NULL WHERE a.retry_at IS NOT NULL RETURNING a.id
), noted AS (
    INSERT INTO grove.attached_change (attached_id, keys)
    SELECT p.attached_id, array_agg(p.key)
    FROM (SELECT r.attached_id, r.key,
                 (row_number() OVER (PARTITION BY r.attached_id) - 1) / 256 AS part
          FROM grove.attached_refused AS r) AS p
    GROUP BY p.attached_id, p.part
    RETURNING id
)
SELECT (SELECT count(*) FROM again) + (SELECT count(*) FROM noted)
