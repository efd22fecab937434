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
-- A branch or limb without leaves is nothing but a number that is kept. Names of ASCII alone have one way,
-- and are not looked for; of the others each way is looked up by itself: of several at once PostgreSQL
-- reads all leaves of the limb.
WITH given AS MATERIALIZED (
    SELECT u.*, octet_length(concat(u.branch, u.limb, u.leaf))
                = char_length(concat(u.branch, u.limb, u.leaf)) AS ascii
    FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS u (branch, limb, leaf, place)
), way AS MATERIALIZED (
    SELECT g.place,
           normalize(g.branch) AS branch, normalize(g.limb) AS limb, normalize(g.leaf) AS leaf,
           normalize(g.branch, NFD) AS branch_nfd, normalize(g.limb, NFD) AS limb_nfd,
           normalize(g.leaf, NFD) AS leaf_nfd
    FROM given AS g
    WHERE NOT g.ascii
), found AS MATERIALIZED (
    SELECT w.place, coalesce(b.branch, w.branch) AS branch, coalesce(m.limb, w.limb) AS limb,
           coalesce(f.leaf, w.leaf) AS leaf
    FROM way AS w
    LEFT JOIN LATERAL (
        SELECT x.branch_id, x.branch
        FROM (SELECT 1 AS rank, y.branch_id, y.branch
              FROM grove.branch AS y
              WHERE y.hierarchy_table = $1 AND y.branch = w.branch
              UNION ALL
              SELECT 2, y.branch_id, y.branch
              FROM grove.branch AS y
              WHERE y.hierarchy_table = $1 AND y.branch = w.branch_nfd) AS x
        WHERE EXISTS (SELECT FROM grove.leaf AS l WHERE l.branch_id = x.branch_id)
        ORDER BY x.rank
        LIMIT 1) AS b ON true
    LEFT JOIN LATERAL (
        SELECT x.limb_id, x.limb
        FROM (SELECT 1 AS rank, y.limb_id, y.limb
              FROM grove.limb AS y
              WHERE y.branch_id = b.branch_id AND y.limb = w.limb
              UNION ALL
              SELECT 2, y.limb_id, y.limb
              FROM grove.limb AS y
              WHERE y.branch_id = b.branch_id AND y.limb = w.limb_nfd) AS x
        WHERE EXISTS (SELECT FROM grove.leaf AS l
                      WHERE l.branch_id = b.branch_id AND l.limb_id = x.limb_id)
        ORDER BY x.rank
        LIMIT 1) AS m ON true
    LEFT JOIN LATERAL (
        SELECT x.leaf
        FROM (SELECT 1 AS rank, y.leaf
              FROM grove.leaf AS y
              WHERE y.branch_id = b.branch_id AND y.limb_id = m.limb_id AND y.leaf = w.leaf
              UNION ALL
              SELECT 2, y.leaf
              FROM grove.leaf AS y
              WHERE y.branch_id = b.branch_id AND y.limb_id = m.limb_id AND y.leaf = w.leaf_nfd) AS x
        ORDER BY x.rank
        LIMIT 1) AS f ON true
)
SELECT e.place, e.leaf_id, e.created
FROM (SELECT array_agg(n.branch ORDER BY n.place) AS branches,
             array_agg(n.limb ORDER BY n.place) AS limbs,
             array_agg(n.leaf ORDER BY n.place) AS leaves
      FROM (SELECT g.place, g.branch, g.limb, g.leaf FROM given AS g WHERE g.ascii
            UNION ALL
            SELECT f.place, f.branch, f.limb, f.leaf FROM found AS f) AS n) AS names
CROSS JOIN LATERAL grove.ensure_leaves($1, names.branches, names.limbs, names.leaves, $5::text[]) AS e
