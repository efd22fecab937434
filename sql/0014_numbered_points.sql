-- SPDX-License-Identifier: Apache-2.0
--
-- Points have the numbers of their leaf's branch and limb, so that a path is one number for the vector
-- engine. Those that were written before have none. They are written anew, some at a time, whenever
-- nothing else waits (number_points.sql). Until all contents have been in the outbox since, searches
-- give the engine the leaves of a path, as before (place.sql).
--
-- That all have been is worth nothing if somebody still writes points without numbers: a projector of
-- before, which is at work while this is applied. So it can end nothing any more: its leases are none,
-- and it gets no other. A write of it that is under way must lose against those that come: what it has
-- leased takes a new revision. What it had leased before that, and lost, it may write until half of a
-- lease is over and a request, 90 s in all; the first contents are put in after that.
LOCK TABLE grove.content_state, grove.outbox IN ACCESS EXCLUSIVE MODE;

SELECT grove.note_changed(array_agg(DISTINCT o.content_id))
FROM grove.outbox AS o
JOIN grove.content_state AS s ON s.content_id = o.content_id
WHERE o.lease_owner IS NOT NULL
HAVING count(*) > 0;
UPDATE grove.outbox
SET lease_owner = NULL, lease_until = NULL, lease_pid = NULL, lease_session = NULL
WHERE lease_owner IS NOT NULL;

-- As a projector of before names itself. Those of now have a slash.
ALTER TABLE grove.outbox
    DROP CONSTRAINT IF EXISTS outbox_lease_of_now,
    ADD CONSTRAINT outbox_lease_of_now CHECK (lease_owner !~ '^[0-9]+-[0-9a-f]{16}$');

-- The last content that was put in; 'all': they all were.
INSERT INTO grove.setting (name, value)
SELECT 'numbered_points',
       CASE WHEN EXISTS (SELECT FROM grove.content_state) THEN '-2147483648' ELSE 'all' END
ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at;
COMMENT ON TABLE grove.setting IS
    'settings of the database; model: whose vectors are compared; generation: what the revision of a point has more than that of its content; numbered_points: the last content that was put in to get a point with numbers, or all';
