-- SPDX-License-Identifier: Apache-2.0
-- Whether t is the trigger by which the table of an attachment a is known. Anybody may give another trigger
-- that name, and nobody that function. Of two tables, as where one was restored beside the other, it is the
-- older one.
      t.tgname = concat('grove_attached_', a.id)
  AND t.tgfoid = to_regprocedure(concat('grove.attached_', a.id, '()'))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS o
                  WHERE o.tgname = t.tgname AND o.tgfoid = t.tgfoid AND o.oid < t.oid)
