-- SPDX-License-Identifier: Apache-2.0
-- How many contents there are in a place and of some types, by the counts that are kept: no more than
-- these satisfy a predicate. Null where the place has too many leaves for them to be counted, until
-- branches and limbs are counted as a whole.
--   $1 text         hierarchy table; null: any
--   $2 integer[]    the place (parts/place.sql); null: any
--   $3 text[]       content types; null: any
--   $4 integer      leaves at most that are counted one by one
-- answers: bigint
SELECT CASE WHEN $2::integer[] IS NULL OR
-- part: places_counted
                 OR $4::bigint >= (SELECT count(*)
                                   FROM (SELECT FROM grove.leaf AS l
                                         WHERE
-- part: place
                                         LIMIT $4::bigint + 1) AS few) THEN
           (SELECT coalesce(sum(k.contents), 0)::bigint
            FROM (
-- part: counts_of_place
                 ) AS k
            WHERE $3::text[] IS NULL OR k.content_type = ANY ($3))
       END
