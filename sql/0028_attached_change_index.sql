-- SPDX-License-Identifier: Apache-2.0
-- kind: online
-- compatible from: 15
-- demanded: no
--
-- A writer of an attached table keeps one index of what it notes, where it kept two (attach.md).

-- step: index grove.attached_change_in_order
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS attached_change_in_order
    ON grove.attached_change (attached_id, id);

-- step: brief
ALTER TABLE grove.attached_change
    DROP CONSTRAINT IF EXISTS attached_change_pkey,
    REPLICA IDENTITY USING INDEX attached_change_in_order;

-- step: brief
DROP INDEX IF EXISTS grove.attached_change_of;
