-- SPDX-License-Identifier: Apache-2.0
-- Whether t is the trigger by which the table of an attachment a is known. Anybody may give another trigger
-- that name, and nobody that function.
      t.tgname = concat('grove_attached_', a.id)
  AND t.tgfoid = to_regprocedure(concat('grove.attached_', a.id, '()'))
