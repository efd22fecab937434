-- SPDX-License-Identifier: Apache-2.0
-- How many contents the vector engine should hold by now: those that wait for nothing; and how far
-- rows of the outbox have been acknowledged, which is read no earlier than the contents.
-- answers: bigint, bigint
SELECT waiting_for_nothing.contents,
       (SELECT CASE WHEN a.is_called THEN a.last_value ELSE 0 END
        FROM grove.acknowledged_seq AS a
        WHERE waiting_for_nothing.contents >= 0)
FROM (SELECT count(*) AS contents
      FROM grove.content_state AS s
      WHERE NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = s.content_id)
     ) AS waiting_for_nothing
