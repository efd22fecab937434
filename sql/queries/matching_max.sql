-- SPDX-License-Identifier: Apache-2.0
-- How many contents there are in a place and of some types, by the counts that are kept: no more than
-- these satisfy a predicate. Null where the place has too many leaves for them to be counted, which a
-- whole tree has not. The two tables are locked in this order, as by TRUNCATE.
--   $1 text         hierarchy table; null: any
--   $2 integer[]    the place (parts/place.sql); null: any
--   $3 text[]       content types; null: any
--   $4 integer      leaves of a path at most
-- answers: bigint
SELECT CASE WHEN $2::integer[] IS NOT NULL THEN
           CASE WHEN $4::bigint >= (SELECT count(*)
                                    FROM (SELECT FROM grove.leaf AS l
                                          WHERE
-- part: place
                                          LIMIT $4::bigint + 1) AS few) THEN
               (SELECT coalesce(sum(c.contents), 0)::bigint
                FROM grove.leaf AS l
                JOIN grove.content_count AS c
                  ON c.hierarchy_table = l.hierarchy_table AND c.leaf_id = l.leaf_id
                WHERE
-- part: place
                  AND ($3::text[] IS NULL OR c.content_type = ANY ($3)))
           END
       ELSE
           (SELECT coalesce(sum(t.contents), 0)::bigint
            FROM grove.tree_count AS t
            WHERE ($1::text IS NULL OR t.hierarchy_table = $1)
              AND ($3::text[] IS NULL OR t.content_type = ANY ($3)))
       END
