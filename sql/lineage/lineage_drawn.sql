-- SPDX-License-Identifier: Apache-2.0
-- The highest revision that any point can have by now.
-- answers: bigint
SELECT (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM grove.revision_seq)
    + (SELECT value::bigint FROM grove.setting WHERE name = 'generation')
