-- SPDX-License-Identifier: Apache-2.0
-- The collection of a database that is one of several of a private engine, where nobody names one. The
-- usual one, if it is this database's; else one that is named by the database's identity, so that no
-- two have the same, and a copy has another than its source.
-- answers: text
SELECT CASE WHEN CASE WHEN c.value IS NULL THEN l.marked -- of before collections were noted
                      ELSE c.value = 'content_vectors' AND o.value = l.identity::text
                 END
            THEN 'content_vectors'
            ELSE 'content_vectors_' || substr(replace(l.identity::text, '-', ''), 1, 16)
       END
FROM grove.lineage AS l
LEFT JOIN grove.setting AS c ON c.name = 'collection'
LEFT JOIN grove.setting AS o ON o.name = 'collection_of'
