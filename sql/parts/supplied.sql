-- SPDX-License-Identifier: Apache-2.0
-- Whether x, a vector of a content under another model, counts before e, its vector under the model
-- that is asked for: somebody supplied it, and e was computed, or supplied earlier, or is not there.
-- A vector that was supplied is one whatever the model. What cannot be compared is not taken along.
      x.origin <> 'computed'
  AND (e.content_id IS NULL OR e.origin = 'computed' OR e.revision < x.revision)
  AND grove.is_direction(x.vector)
