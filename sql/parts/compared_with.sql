-- SPDX-License-Identifier: Apache-2.0
-- The rows that parts/compared.sql reads beside a content s and its row m. More conditions on the
-- embedding may follow.
LEFT JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
LEFT JOIN grove.embedding AS e
    ON e.content_id = m.id AND e.model = (SELECT value FROM grove.setting WHERE name = 'model')
