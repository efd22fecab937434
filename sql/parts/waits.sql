-- SPDX-License-Identifier: Apache-2.0
-- Of a content s: null where it waits for nothing; else whether it was given up on.
       (SELECT bool_and(o.dead_since IS NOT NULL) FROM grove.outbox AS o
        WHERE o.content_id = s.content_id) AS dead
