-- SPDX-License-Identifier: Apache-2.0
-- Export: the contents that there are to write, in the order of their keys, by the bytes of names: so
-- that what is loaded into another database comes out of it in the same order. Ids alone, since it is
-- sorted; the rest is read by them (export_rows.sql) in the same snapshot.
--   $1, $2    the place (list_places.sql)
--   $3 to $8  parts/bounds.sql
-- Documents as a whole, each where its first chunk is.
-- Of the cursor: the id, and the bytes of its body, or its document's.
DECLARE grove_export NO SCROLL CURSOR FOR
SELECT m.id, coalesce(octet_length(d.body), octet_length(b.body), 0)
FROM public.content_metadata AS m
JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
LEFT JOIN grove.body AS b ON b.content_id = m.id
LEFT JOIN grove.chunk AS c ON c.content_id = m.id
LEFT JOIN grove.document AS d ON d.id = c.document_id
WHERE ($1::text IS NULL OR l.hierarchy_table = $1)
-- part: numbers
-- part: bounds
  AND NOT EXISTS (SELECT
                  FROM grove.chunk AS before
                  WHERE before.document_id = c.document_id AND before.position < c.position)
ORDER BY l.tree COLLATE "C", l.branch COLLATE "C", l.limb COLLATE "C", l.leaf COLLATE "C",
         m.content_type COLLATE "C", m.chunk_number, m.id
