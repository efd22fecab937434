-- SPDX-License-Identifier: Apache-2.0
-- Loading: the ids of leaves of one tree, made where they are missing.
--   $1 text    hierarchy table
--   $2 text[]  branches
--   $3 text[]  limbs
--   $4 text[]  leaves
--   $5 text[]  descriptions of new leaves; null: none
-- answers: bigint, integer, boolean
-- A name is the same whether its accents are parts of letters or stand behind them. It is made in the
-- former way (NFC); where somebody has made it in the latter (NFD), and not in the former, that is it.
-- A branch or limb without leaves is nothing but a number that is kept.
SELECT e.place, e.leaf_id, e.created
FROM (SELECT array_agg(coalesce(b.branch, w.branch) ORDER BY w.place) AS branches,
             array_agg(coalesce(m.limb, w.limb) ORDER BY w.place) AS limbs,
             array_agg(coalesce(f.leaf, w.leaf) ORDER BY w.place) AS leaves
      FROM (SELECT normalize(u.branch) AS branch, normalize(u.limb) AS limb, normalize(u.leaf) AS leaf,
                   u.place
            FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY
                 AS u (branch, limb, leaf, place)) AS w
      LEFT JOIN LATERAL (SELECT x.branch_id, x.branch
                         FROM grove.branch AS x
                         WHERE x.hierarchy_table = $1
                           AND x.branch IN (w.branch, normalize(w.branch, NFD))
                           AND EXISTS (SELECT FROM grove.leaf AS l WHERE l.branch_id = x.branch_id)
                         ORDER BY x.branch = w.branch DESC
                         LIMIT 1) AS b ON true
      LEFT JOIN LATERAL (SELECT x.limb_id, x.limb
                         FROM grove.limb AS x
                         WHERE x.branch_id = b.branch_id AND x.limb IN (w.limb, normalize(w.limb, NFD))
                           AND EXISTS (SELECT FROM grove.leaf AS l
                                       WHERE l.branch_id = x.branch_id AND l.limb_id = x.limb_id)
                         ORDER BY x.limb = w.limb DESC
                         LIMIT 1) AS m ON true
      LEFT JOIN LATERAL (SELECT x.leaf
                         FROM grove.leaf AS x
                         WHERE x.branch_id = b.branch_id AND x.limb_id = m.limb_id
                           AND x.leaf IN (w.leaf, normalize(w.leaf, NFD))
                         ORDER BY x.leaf = w.leaf DESC
                         LIMIT 1) AS f ON true) AS names
CROSS JOIN LATERAL grove.ensure_leaves($1, names.branches, names.limbs, names.leaves, $5::text[]) AS e
