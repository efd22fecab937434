-- SPDX-License-Identifier: Apache-2.0
-- Since the server began to run both stores were looked at: neither is behind the other.
--   $1 text  when it began
--   $2 text  collection
INSERT INTO grove.setting (name, value)
SELECT v.name, v.value
FROM grove.lineage AS l,
     LATERAL (VALUES ('server_began', $1), ('collection', $2), ('collection_of', l.identity::text))
         AS v (name, value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = clock_timestamp()
WHERE setting.value <> excluded.value
