-- SPDX-License-Identifier: Apache-2.0
-- Taking in: rows that cannot be contents, and why; of others it is not known any more.
--   $1 integer  attachment
--   $2 text[]   keys that were read
--   $3 text[]   those of them that were refused
--   $4 text[]   reasons
-- answers: bigint
WITH mended AS (
    DELETE FROM grove.attached_refused AS r
    WHERE r.attached_id = $1 AND r.key = ANY ($2::text[]) AND r.key <> ALL ($3::text[])
    RETURNING r.key
), refused AS (
    INSERT INTO grove.attached_refused AS r (attached_id, key, reason)
    SELECT $1, g.key, g.reason
    FROM unnest($3::text[], $4::text[]) AS g (key, reason)
    ON CONFLICT (attached_id, key) DO UPDATE
    SET reason = excluded.reason, noted_at = clock_timestamp()
    RETURNING r.key
)
SELECT (SELECT count(*) FROM mended) + (SELECT count(*) FROM refused)
