-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: itself
-- demanded: yes
--
-- What no library of before can work with.
ALTER TABLE grove.body RENAME COLUMN body TO words;
