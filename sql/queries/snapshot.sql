-- SPDX-License-Identifier: Apache-2.0
-- What a snapshot shows: which transactions it takes for done. Two that say the same show the same
-- rows.
-- answers: text
SELECT pg_current_snapshot()::text
