-- SPDX-License-Identifier: Apache-2.0
-- Whether the contents of all branches and limbs are counted by now (0032_place_counts.sql).
      EXISTS (SELECT FROM grove.setting AS s WHERE s.name = 'counted_places' AND s.value = 'all')
