-- SPDX-License-Identifier: Apache-2.0
-- Loading: the trees there are.
-- answers: text, text
SELECT tree, hierarchy_table FROM grove.subject ORDER BY tree
