-- SPDX-License-Identifier: Apache-2.0
-- Gives the dead letters another chance.
UPDATE grove.outbox
SET dead_since = NULL, attempts = 0, not_before = clock_timestamp()
WHERE dead_since IS NOT NULL
