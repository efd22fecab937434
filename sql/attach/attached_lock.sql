-- SPDX-License-Identifier: Apache-2.0
-- Whoever takes rows of attached tables in is alone, until the transaction ends. False: another is at it.
-- answers: boolean
SELECT pg_try_advisory_xact_lock(hashtextextended('grove attached', 22))
