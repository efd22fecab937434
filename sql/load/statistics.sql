-- SPDX-License-Identifier: Apache-2.0
-- Loading: counts contents anew for whoever plans statements. Who does not own them is told by a
-- notice, and nothing is done; nor where somebody has the table.
ANALYZE (SKIP_LOCKED) public.content_metadata
