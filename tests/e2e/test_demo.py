# SPDX-License-Identifier: Apache-2.0
"""The specified sample, and what the demo makes of it."""

LEAVES = {
    ("Christianity", "Protestant-Baptist", "Doctrines"),
    ("Christianity", "Protestant-Baptist", "Practices"),
    ("Christianity", "Catholic", "Theology"),
    ("Islam", "Sunni", "Beliefs"),
    ("Judaism", "Orthodox", "Traditions"),
    ("Buddhism", "Theravada", "Teachings"),
}



def test_the_sample_is_as_specified(sample):
    with sample.connect() as conn:
        leaves = set(conn.execute("SELECT branch, limb, leaf FROM religion_hierarchy").fetchall())
        counts = dict(conn.execute("""
            SELECT h.branch || '/' || h.limb || '/' || h.leaf, count(*)
            FROM content_metadata m JOIN religion_hierarchy h ON h.id = m.leaf_id
            WHERE m.hierarchy_table = 'religion_hierarchy' GROUP BY 1""").fetchall())
        words = conn.execute("""
            SELECT m.word_count, array_length(regexp_split_to_array(trim(b.body), '\\s+'), 1)
            FROM content_metadata m JOIN grove.body b ON b.content_id = m.id""").fetchall()
        baptist = conn.execute("""
            SELECT DISTINCT m.content_type FROM content_metadata m
            JOIN religion_hierarchy h ON h.id = m.leaf_id WHERE h.leaf = 'Doctrines'""").fetchall()
    assert leaves == LEAVES
    assert counts == {"Christianity/Protestant-Baptist/Doctrines": 3,
                      "Christianity/Catholic/Theology": 2, "Islam/Sunni/Beliefs": 2,
                      "Buddhism/Theravada/Teachings": 1}
    assert len(words) == 8
    assert all(given == counted and 100 <= given <= 300 for given, counted in words)
    assert baptist == [("Doctrine",)]


def test_demo_shows_the_queries(sample):
    shown = sample("demo").stdout
    for part in ("browse", "search", "discover", "Believer's Baptism", "Protestant-Baptist"):
        assert part in shown


def test_placeholder_vectors_are_replaced(grove):
    grove("demo", "--placeholder-vectors")
    with grove.connect() as conn:
        assert conn.execute("SELECT DISTINCT origin FROM grove.embedding").fetchall() == \
            [("placeholder",)]
        scores = {hit["score"] for hit in grove.json("search", "faith", "--limit", "8")["results"]}
        assert len(scores) == 1
        grove("demo")
        assert conn.execute("SELECT DISTINCT origin FROM grove.embedding").fetchall() == \
            [("computed",)]
    scores = {hit["score"] for hit in grove.json("search", "faith", "--limit", "8")["results"]}
    assert len(scores) == 8
