-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: yes
--
-- Attached tables may bring vectors along (attach.md).
ALTER TABLE grove.attached ADD COLUMN IF NOT EXISTS vector text;
COMMENT ON COLUMN grove.attached.vector IS 'the column of ready vectors; null: they are computed';
