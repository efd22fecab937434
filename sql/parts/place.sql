-- SPDX-License-Identifier: Apache-2.0
-- Whether a leaf l is in a place.
--   $1 text         hierarchy table
--   $2 integer[]    the numbers of branch, limb and leaf, as far as the path goes; null: any
      l.hierarchy_table = $1
-- part: numbers
