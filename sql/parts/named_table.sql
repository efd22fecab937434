-- SPDX-License-Identifier: Apache-2.0
-- The table that $1 names: as SQL has it, or with the quotes left out.
       coalesce(to_regclass($1), to_regclass(quote_ident($1)),
                to_regclass(concat(quote_ident(split_part($1, '.', 1)), '.',
                                   quote_ident(substr($1, strpos($1, '.') + 1)))))
