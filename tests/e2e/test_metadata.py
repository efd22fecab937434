# SPDX-License-Identifier: Apache-2.0
"""Searches among documents by what their metadata has."""

import json

import pytest
from conftest import write_rows

BOOKS = [
    ("notes", {"author": "Ada", "year": 1843, "draft": False, "shelf": "1"}, "The engine weaves."),
    ("letters", {"author": "Ada", "year": 1840, "draft": True}, "A letter on the engine."),
    ("essay", {"author": "Charles", "year": 1843, "shelf": 1}, "On the economy of engines."),
    ("song", {"author": "Ada=Byron", "year": None}, "An engine hums."),
    ("plain", {}, "An engine of no author."),
]


@pytest.fixture(scope="module")
def library(empty, tmp_path_factory):
    """Documents with metadata, and a row that is of none."""
    place = {"tree": "subject1", "branch": "Books", "limb": "Old", "leaf": "Shelf",
             "content_type": "Text"}
    rows = [{**place, "document": key, "title": key.title(), "body": body, "metadata": metadata}
            for key, metadata, body in BOOKS]
    rows.append({**place, "title": "Row", "body": "An engine that is no document.",
                 "chunk_number": 100})
    empty("load", write_rows(tmp_path_factory.mktemp("books") / "books.jsonl", rows))
    return empty


def keys(answer):
    return {row["document"]["key"] if row["document"] else row["title"]
            for row in answer["results"]}


@pytest.mark.parametrize("options, wanted", [
    ([], {"notes", "letters", "essay", "song", "plain", "Row"}),
    (["author=Ada"], {"notes", "letters"}),
    (["year=1843"], {"notes", "essay"}),
    (["year=1843", "author=Ada"], {"notes"}),
    (["year=1843.0"], {"notes", "essay"}),
    (['year="1843"'], set()),
    (["shelf=1"], {"essay"}),
    (['shelf="1"'], {"notes"}),
    (["draft=true"], {"letters"}),
    (["year=null"], {"song"}),
    (["author=Ada=Byron"], {"song"}),
    (["author=ada"], set()),
    (["author="], set()),
])
def test_what_the_metadata_has(library, options, wanted):
    given = [word for option in options for word in ("--meta", option)]
    found = library.json("search", "engines", *given)
    assert keys(found) == wanted and found["total"] == len(wanted)
    assert found["complete"] and not found["degraded"]
    browsed = library.json("browse", "subject1/Books", *given)
    assert browsed["total"] == len(browsed["results"]) == len(wanted)
    assert keys(library.json("discover", "engines", *given)) == wanted


def test_beside_other_filters(library):
    found = library.json("search", "engines", "--meta", "year=1843", "--type", "Note")
    assert keys(found) == set()
    found = library.json("search", "engines", "--meta", "year=1843", "--path", "subject2")
    assert keys(found) == set()
    found = library.json("search", "engines", "--meta", "year=1843", "--limit", "1", "--explain")
    assert len(found["results"]) == 1 and found["explain"]["rows_matching"] == 2


def test_similar_documents(library):
    row = library.json("search", "engines", "--meta", "draft=true")["results"][0]
    found = library.json("similar", row["content_id"], "--meta", "author=Ada")
    assert keys(found) == {"notes"}


def test_a_change_of_metadata_is_seen_at_once(library):
    with library.connect() as conn:
        conn.execute("UPDATE grove.document SET metadata = metadata || '{\"draft\": true}'"
                     " WHERE key = 'plain'")
        assert keys(library.json("search", "engines", "--meta", "draft=true")) == {"letters",
                                                                                  "plain"}
        conn.execute("UPDATE grove.document SET metadata = '{}' WHERE key = 'plain'")
    assert keys(library.json("search", "engines", "--meta", "draft=true")) == {"letters"}


def test_what_is_no_condition_is_told(library):
    for option in ("author", "=Ada"):
        error = library.fails("invalid", "search", "engines", "--meta", option)
        assert "a key" in error["message"] and "author=Ada" in error["hint"]
    error = library.fails("invalid", "search", "x", "--meta", "a=1", "--meta", "a=2")
    assert '"a" is twice' in error["message"]
    assert "8191 bytes" in library.fails("limit", "search", "x", "--meta",
                                         "a=" + 9000 * "x")["message"]


def test_the_next_page_asks_the_same(library):
    done = library("browse", "subject1/Books", "--meta", "author=Ada", "--meta", "year=1843",
                   "--meta", "draft=false", "--limit", "1")
    assert "next page" not in done.stdout
    done = library("browse", "subject1/Books", "--meta", "author=Ada", "--limit", "1")
    assert "--meta author=Ada" in done.stdout.split("next page: ")[1]


def test_an_index_finds_them(library):
    """By the statement of a search, where documents are many."""
    with library.connect() as conn:
        conn.execute("INSERT INTO grove.document (key, title, body, body_sha256, chunk_count,"
                     " metadata) SELECT 'many ' || n, 't', 'b', '', 1,"
                     " jsonb_build_object('author', 'A' || n) FROM generate_series(1, 20000) n")
        conn.execute("ANALYZE grove.document")
        plan = "\n".join(row[0] for row in conn.execute(
            "EXPLAIN SELECT FROM grove.document AS whole WHERE whole.metadata @>"
            " '{\"author\": \"A7\"}'"))
        conn.execute("DELETE FROM grove.document WHERE key LIKE 'many %'")
    assert "document_metadata" in plan


def test_a_call_takes_pairs(library):
    done = library("search", "engines", "--meta", "year=1843", "-o", "csv")
    assert len(done.stdout.splitlines()) == 3
    done = library("--json", "search", "engines", "--meta", "year=1843")
    assert json.loads(done.stdout)["total"] == 2
