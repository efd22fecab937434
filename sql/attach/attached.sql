-- SPDX-License-Identifier: Apache-2.0
-- Attachments, as they are.
--   $1 integer  one of them; null: all
-- answers: integer, text, bigint, text, text, text, text, text, text, text, text, text, text, text, text,
--          bigint, bigint, boolean, boolean, text, bigint, bigint, bigint, timestamp, text, double, text
-- Its number and source; its table's id, null where that is gone, and name; the columns of its key and
-- those that count, with chr(31) between them; path, type, title, body, created, URL, metadata,
-- condition; how far it is filled, rows so far, an estimate of all, whether all were read, whether it is
-- leaving, what is wrong; keys that wait, rows that were refused, documents; since when it is there;
-- vector; for how many seconds the oldest change waits, null where none does; what failed last.
SELECT a.id, a.source, c.oid::bigint,
       CASE WHEN c.oid IS NOT NULL THEN format('%I.%I', n.nspname, c.relname) END,
       array_to_string(a.key_columns, chr(31)), array_to_string(a.watched, chr(31)), a.path,
       a.content_type, a.title, a.body, a.created, a.url, a.metadata, a.condition, a.filled_to,
       a.filled_rows, a.rows_expected, a.filled_at IS NOT NULL, a.leaving, a.problem,
       (SELECT coalesce(sum(coalesce(cardinality(w.keys), 1)), 0)
        FROM grove.attached_change AS w WHERE w.attached_id = a.id)::bigint,
       (SELECT count(*) FROM grove.attached_refused AS r WHERE r.attached_id = a.id),
       (SELECT count(*) FROM grove.document AS d WHERE d.source = a.source),
       a.attached_at, a.vector,
       (SELECT CASE WHEN count(*) > 0
                    THEN greatest(0, extract(epoch FROM clock_timestamp() - min(w.noted_at))) END::float8
        FROM grove.attached_change AS w WHERE w.attached_id = a.id),
       coalesce(a.problem,
                (SELECT concat('row ', r.key, ': ', r.reason)
                 FROM grove.attached_refused AS r WHERE r.attached_id = a.id
                 ORDER BY r.noted_at DESC, r.key LIMIT 1))
FROM grove.attached AS a
LEFT JOIN pg_catalog.pg_trigger AS t ON
-- part: attached_trigger
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE $1::integer IS NULL OR a.id = $1
ORDER BY a.id
