-- SPDX-License-Identifier: Apache-2.0
-- What planners go by; and a commit that waits for the disk, which the one before did not.
ANALYZE public.%{table};
INSERT INTO grove.setting (name, value)
VALUES ('subject.%{table}.added', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = clock_timestamp();
