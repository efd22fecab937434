-- SPDX-License-Identifier: Apache-2.0
-- Rechunking: contents that may be longer than the model reads, and are no chunks; in the order of their
-- ids.
--   $1 to $8    parts/matches.sql
--   $9 integer  only later ids
--   $10 integer  contents at most
-- answers: integer, bigint
-- How many there are in all stands in each row. What has 254 bytes is read whole: a token has one at
-- least, and two are the model's own. Lengths are known without reading what is long.
SELECT m.id, count(*) OVER () AS total
-- part: matches
  AND m.id > $9
  AND octet_length(m.title) + 1
      + octet_length(coalesce((SELECT b.body FROM grove.body AS b WHERE b.content_id = m.id),
                              m.content_summary)) > 254
  AND NOT EXISTS (SELECT FROM grove.chunk AS c WHERE c.content_id = m.id)
ORDER BY m.id
LIMIT $10
