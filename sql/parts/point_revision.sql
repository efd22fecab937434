-- SPDX-License-Identifier: Apache-2.0
-- The revision that the point of a content s is to have.
       s.revision + (SELECT value::bigint FROM grove.setting WHERE name = 'generation') AS revision,
