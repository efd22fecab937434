-- SPDX-License-Identifier: Apache-2.0
-- The name that paths begin with. The table keeps its own, which contents and points carry: no
-- content, no point and no id changes. A trigger gives its leaves in grove.leaf the name.
UPDATE grove.subject SET tree = '%{new}' WHERE hierarchy_table = '%{table}';
