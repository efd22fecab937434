-- SPDX-License-Identifier: Apache-2.0
-- Loading: the trees there are.
SELECT tree, hierarchy_table FROM grove.subject ORDER BY tree
