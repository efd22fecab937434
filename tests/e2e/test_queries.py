# SPDX-License-Identifier: Apache-2.0
"""Browse, search and discover on the sample, through the command and through psycopg."""

import itertools
import math
import re

import pytest

HIT = {"content_id", "score", "hierarchy_table", "branch", "limb", "leaf", "content_type",
       "chunk_number", "title", "content_summary", "word_count", "created_at"}


def test_browse(sample):
    answer = sample.json("browse", "religion/Christianity/Protestant-Baptist")
    assert answer["complete"] is True
    assert len(answer["results"]) == 3
    assert HIT - {"score"} <= set(answer["results"][0])
    times = [(hit["created_at"], hit["content_id"]) for hit in answer["results"]]
    assert times == sorted(times, reverse=True)


def test_browse_pages_neither_repeat_nor_lose(sample):
    seen, cursor = [], None
    for _ in range(20):
        more = ("--cursor", cursor) if cursor else ()
        page = sample.json("browse", "religion", "--limit", "3", *more)
        seen += [hit["content_id"] for hit in page["results"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 8


def test_search(sample):
    answer = sample.json("search", "baptism salvation doctrine", "--type", "Doctrine",
                         "--since", "90d", "--limit", "10")
    hits = answer["results"]
    assert answer["complete"] is True
    assert len(hits) == 3
    assert HIT <= set(hits[0])
    assert all(hit["content_type"] == "Doctrine" and hit["limb"] == "Protestant-Baptist"
               for hit in hits)
    scores = [hit["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert 0.3 < scores[0] <= 1


@pytest.mark.parametrize("filters, expected", [
    (("--path", "religion/Islam"), 2),
    (("--path", "religion/Christianity"), 5),
    (("--path", "religion/Christianity/Catholic/Theology"), 2),
    (("--path", "religion/Judaism"), 0),
    (("--path", "subject1"), 0),
    (("--type", "Doctrine", "--type", "Theology"), 5),
    (("--min-words", "100", "--max-words", "300"), 8),
    (("--min-words", "301"), 0),
    (("--until", "2000-01-01"), 0),
    (("--since", "2000-01-01"), 8),
])
def test_search_filters(sample, filters, expected):
    for strategy in ((), ("--exact",)):
        answer = sample.json("search", "faith", "--limit", "50", *filters, *strategy)
        assert answer["complete"] is True
        assert len(answer["results"]) == expected


def test_scores_are_the_cosines(sample):
    hits = sample.json("search", "the oneness of God", "--limit", "8")["results"]
    query = sample.json("embed", "the oneness of God")["vector"]
    assert math.isclose(sum(x * x for x in query), 1, rel_tol=1e-5)
    with sample.connect() as conn:
        texts = dict(conn.execute("""SELECT m.id, m.title || E'\\n' || b.body
            FROM content_metadata m JOIN grove.body b ON b.content_id = m.id""").fetchall())
    for hit in hits[:3]:
        vector = sample.json("embed", texts[hit["content_id"]])["vector"]
        assert hit["score"] == pytest.approx(sum(map(lambda a, b: a * b, query, vector)), abs=1e-5)
    assert hits[0]["limb"] == "Sunni"


def test_discover(sample):
    answer = sample.json("discover", "salvation")
    assert len(answer["results"]) == 8
    groups = {(group["hierarchy_table"], group["content_type"]): group
              for group in answer["groups"]}
    assert groups[("religion_hierarchy", "Doctrine")]["count"] == 3
    assert sum(group["count"] for group in groups.values()) == 8
    assert answer["diversity"]["unique_branches"] == 3
    assert answer["diversity"]["unique_limbs"] == 4
    assert 0 < answer["diversity"]["evenness"] <= 1


def test_discover_pages(sample):
    seen, cursor = [], None
    for _ in itertools.repeat(None, 20):
        more = ("--cursor", cursor) if cursor else ()
        page = sample.json("discover", "salvation", "--limit", "3", *more)
        seen += [hit["content_id"] for hit in page["results"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    whole = [hit["content_id"] for hit in sample.json("discover", "salvation")["results"]]
    assert seen == whole


def test_explain(sample):
    for command in (("search", "faith"), ("discover", "faith")):
        explained = sample.json(*command, "--explain")["explain"]
        assert explained["strategy"]
        assert explained["stages"]
        assert explained["statements"] > 2 and 1 <= explained["requests"] <= 3
        assert explained["waited_milliseconds"] == 0
        assert re.search(r"^asked PostgreSQL \d+ times, the vector engine [123] times?$",
                         sample(*command, "--explain").stdout, re.M)
        plan = sample.json(*command, "--plan")["explain"]["plan"]
        assert plan.startswith("-- ") and "PostgreSQL's plan" not in sample(
            *command, "--explain").stdout
        shown = sample(*command, "--plan").stdout
        assert "STAGE" in shown and plan.splitlines()[0] in shown.partition("PostgreSQL's plan")[2]
    explained = sample.json("browse", "religion", "--explain")["explain"]
    assert explained["statements"] > 2 and explained["requests"] == 0
