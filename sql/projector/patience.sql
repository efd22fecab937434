-- SPDX-License-Identifier: Apache-2.0
-- How long the statements behind this one, in the same transaction, wait for a lock.
--   $1 text  "1ms"
-- answers: text
SELECT set_config('lock_timeout', $1, true)
