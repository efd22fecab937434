-- SPDX-License-Identifier: Apache-2.0
-- Takes the rows that were deleted out of the outbox: searches read it as a whole. Nothing where
-- another is doing so, or where the table is not ours. Its file is not made shorter, for which the
-- server would wait until nobody reads it; its own vacuum does that in a quiet moment.
VACUUM (SKIP_LOCKED, TRUNCATE false, PROCESS_TOAST false, PARALLEL 0) grove.outbox
