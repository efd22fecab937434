-- SPDX-License-Identifier: Apache-2.0
-- The rows that parts/compared.sql reads beside a content s.
LEFT JOIN public.content_metadata AS m ON m.id = s.content_id
LEFT JOIN grove.leaf AS l ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id
LEFT JOIN grove.embedding AS e
    ON e.content_id = m.id AND e.model = (SELECT value FROM grove.setting WHERE name = 'model')
