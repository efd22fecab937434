-- SPDX-License-Identifier: Apache-2.0
-- The first and the last id of a content; null where there is none.
-- answers: integer, integer
SELECT min(content_id), max(content_id) FROM grove.content_state
