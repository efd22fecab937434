-- SPDX-License-Identifier: Apache-2.0
-- How much is left to project: rows alive, rows dead, and seconds until the first of the alive is
-- due (null: none; 0: now).
-- answers: bigint, bigint, double
SELECT count(*) FILTER (WHERE dead_since IS NULL),
       count(*) FILTER (WHERE dead_since IS NOT NULL),
       greatest(0, extract(epoch FROM min(greatest(not_before, coalesce(lease_until, not_before)))
                               FILTER (WHERE dead_since IS NULL) - clock_timestamp()))::float8
FROM grove.outbox
