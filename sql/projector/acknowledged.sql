-- SPDX-License-Identifier: Apache-2.0
-- How far rows of the outbox have been acknowledged.
-- answers: bigint
SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM grove.acknowledged_seq
