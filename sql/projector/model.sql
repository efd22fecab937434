-- SPDX-License-Identifier: Apache-2.0
-- The model whose vectors the database compares.
-- answers: text
SELECT value FROM grove.setting WHERE name = 'model'
