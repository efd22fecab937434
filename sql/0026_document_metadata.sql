-- SPDX-License-Identifier: Apache-2.0
-- kind: online
-- compatible from: 15
-- demanded: no
--
-- Documents by what their metadata has. Without the index they are all looked through.

-- step: index grove.document_metadata
CREATE INDEX CONCURRENTLY IF NOT EXISTS document_metadata
    ON grove.document USING gin (metadata jsonb_path_ops);
