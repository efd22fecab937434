-- SPDX-License-Identifier: Apache-2.0
-- Gives the examination of a collection back, without a result.
--   $1 text       collection
UPDATE grove.examination SET claimed_until = NULL WHERE collection = $1
