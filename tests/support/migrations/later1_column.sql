-- SPDX-License-Identifier: Apache-2.0
-- kind: transactional
-- compatible from: 15
-- demanded: no
--
-- A table that nobody knows of who is older.
CREATE TABLE grove.title_length (
    content_id integer PRIMARY KEY,
    characters integer
);
