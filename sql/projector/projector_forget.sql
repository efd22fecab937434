-- SPDX-License-Identifier: Apache-2.0
-- Forgets projectors, before another is noted: those that another database had, those that are gone
-- for a day, and as many of the others that are gone as must go so that it has room. Rows that somebody
-- has locked are left.
WITH known AS MATERIALIZED (
    SELECT p.name, p.kind, p.worked_at,
           p.noted_by = p.xmin AND p.database = d.oid AS ours,
           p.ended_at IS NOT NULL OR p.session_pid IS NULL
               OR NOT grove.session_lives(p.session_pid, p.session_since) AS gone
    FROM grove.projector AS p
    JOIN pg_database AS d ON d.datname = current_database()
), ordered AS (
    SELECT k.*, row_number() OVER (ORDER BY NOT k.ours, k.gone, k.worked_at DESC) AS place
    FROM known AS k
), forgotten AS MATERIALIZED (
    SELECT p.name, p.kind
    FROM grove.projector AS p
    WHERE (p.name, p.kind) IN (
        SELECT o.name, o.kind
        FROM ordered AS o
        WHERE NOT o.ours
           OR o.gone AND (o.place >= 100
                          OR o.worked_at NOT BETWEEN clock_timestamp() - interval '1 day'
                                                 AND clock_timestamp() + interval '1 day'))
    FOR UPDATE SKIP LOCKED
)
DELETE FROM grove.projector AS p
USING forgotten AS f
WHERE p.name = f.name AND p.kind = f.kind
