-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: yes
--
-- Attached tables may bring vectors along; and a writer keeps one index of what it notes, where it kept
-- two (attach.md). There are as many rows as were not taken in yet, each of up to 256 keys: so the index
-- is made in moments.
ALTER TABLE grove.attached ADD COLUMN IF NOT EXISTS vector text;
COMMENT ON COLUMN grove.attached.vector IS 'the column of ready vectors; null: they are computed';

-- squawk-ignore require-concurrent-index-deletion
DROP INDEX IF EXISTS grove.attached_change_of;
ALTER TABLE grove.attached_change
    DROP CONSTRAINT IF EXISTS attached_change_pkey,
    -- squawk-ignore constraint-missing-not-valid, adding-serial-primary-key-field
    ADD CONSTRAINT attached_change_pkey PRIMARY KEY (attached_id, id);
