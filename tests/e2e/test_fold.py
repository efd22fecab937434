# SPDX-License-Identifier: Apache-2.0
"""Hits fold to documents: compared with what all chunks, one by one, say."""

import csv
import io
import json

import pytest
from conftest import copy_of, end_home, make_row, write_rows

TOPICS = ("the harbour and its boats", "apple trees in spring", "music lessons for children",
          "a lost umbrella", "the price of salt")


def body(number, parts):
    return "\n\n".join(
        f"## Part {part}\n\n" + " ".join(
            f"Number {number} says {sentence} times that {TOPICS[(number + part) % len(TOPICS)]} "
            f"matter to everybody here." for sentence in range(2)) for part in range(parts))


@pytest.fixture(scope="module")
def library():
    """6 documents of some 8 chunks, one of 24, and 6 rows that are of none."""
    made = copy_of("init")
    path = made.home / "library.jsonl"
    rows = [{"tree": "subject1", "branch": "Books", "limb": f"Shelf {n % 3}", "leaf": "All",
             "content_type": "Article", "source": "shelf", "document": f"book {n}",
             "title": f"Book {n}", "url": f"https://example.org/{n}",
             "body": body(n, 24 if n == 3 else 8)} for n in range(6)]
    rows += [make_row(n + 1, leaf="Loose", summary=f"Row {n} is about {TOPICS[n % 5]}.")
             for n in range(6)]
    made("load", write_rows(path, rows), timeout=600)
    yield made
    end_home(made)


def ask(grove, *args):
    answer = grove.json("search", *args)
    assert answer["complete"] and not answer["degraded"], answer
    return answer["results"]


def document_of(row):
    return row["document"]["id"] if row["document"] else ("row", row["content_id"])


def folded(rows, limit):
    """The best row of each document, and how many of its rows stand no lower than the last."""
    hits, members = [], {}
    for row in rows:
        if document_of(row) not in members:
            hits.append(row)
        members.setdefault(document_of(row), 0)
        members[document_of(row)] += 1
        if len(hits) == limit:
            break
    return [(hit["content_id"], hit["score"],
             members[document_of(hit)] if hit["document"] else None) for hit in hits]


@pytest.mark.parametrize("limit", [2, 5, 50])
@pytest.mark.parametrize("how", [(), ("--path", "subject1/Books/Shelf 0"), ("--min-score", "0.3")],
                         ids=["plain", "path", "score"])
def test_hits_are_the_best_of_each_document(library, limit, how):
    for query in ("boats in the harbour", "what does salt cost"):
        rows = ask(library, query, "--chunks", "--limit", "1000", *how)
        hits = ask(library, query, "--limit", str(limit), *how)
        assert [(hit["content_id"], hit["score"],
                 hit["document"] and hit["document"]["chunks_matched"])
                for hit in hits] == folded(rows, limit)


def test_one_document_with_all_the_best(library):
    """Rows are ranked until the documents are found, however many chunks come before them."""
    hits = ask(library, "Book 3 Part", "--limit", "2")
    assert len({document_of(hit) for hit in hits}) == 2
    rows = ask(library, "Book 3 Part", "--chunks", "--limit", "1000")
    assert len(rows) > 40 and [hit["content_id"] for hit in hits] == [
        row[0] for row in folded(rows, 2)]
    assert hits[0]["document"]["chunks_matched"] > 8  # more than were ranked at first


def test_what_a_hit_tells(library):
    hit = ask(library, "boats in the harbour", "--path", "subject1/Books", "--limit", "1")[0]
    document = hit["document"]
    assert document["source"] == "shelf" and document["url"].startswith("https://example.org/")
    assert document["key"] == document["title"].lower() and document["heading"].startswith("Part ")
    assert 1 <= document["position"] <= document["chunks"] and document["text"] is None
    with_text = ask(library, "boats in the harbour", "--path", "subject1/Books", "--limit", "1",
                    "--context", "1")[0]
    with library.connect() as conn:
        whole, own = conn.execute(
            "SELECT d.body, b.body FROM grove.document d JOIN grove.chunk c ON c.document_id = d.id"
            " JOIN grove.body b USING (content_id) WHERE c.content_id = %s",
            (hit["content_id"],)).fetchone()
    text = with_text["document"]["text"]
    assert own in text and text in whole and len(text) > len(own)
    shown = library("search", "boats in the harbour", "--path", "subject1/Books").stdout
    assert f"part {document['position']} of {document['chunks']} of shelf/book" in shown
    loose = ask(library, "Row 3 is about a lost umbrella", "--path", "subject1/Testing")
    assert all(row["document"] is None for row in loose) and len(loose) == 6


def test_every_command_tells_the_document_of_a_row(library):
    """browse, which compares nothing, as the others do."""
    def told(*command):
        rows = library.json(*command, "--limit", "1000")["results"]
        return {row["content_id"]: row["document"] and {**row["document"], "chunks_matched": None}
                for row in rows}

    browsed, searched = told("browse", "subject1"), told("search", "boats", "--chunks")
    assert browsed == searched == told("discover", "boats", "--chunks")
    first = next(content for content, document in browsed.items() if document)
    similar = told("similar", str(first), "--chunks")
    assert similar == {row: told for row, told in browsed.items() if row != first}
    assert library.json("show", str(first))["document"] == browsed[first]
    rows = library.json("browse", "subject1/Books", "--limit", "2")["results"]
    assert [row["document"]["chunks_matched"] for row in rows] == [None] * 2
    shown = library("browse", "subject1/Books", "--limit", "1").stdout
    assert (f"part {rows[0]['document']['position']} of {rows[0]['document']['chunks']} of "
            f"shelf/{rows[0]['document']['key']}, https://example.org/") in shown
    assert library.json("browse", "subject1", "--min-words", "9999")["results"] == []
    assert library("browse", "subject1/Books", "--explain", "--limit", "1").stdout.count("\n") > 9


@pytest.mark.parametrize("command", [("browse", "subject1"), ("search", "boats"),
                                     ("discover", "boats"), ("similar", "1")])
def test_rows_for_other_programs_tell_the_document(library, command):
    wanted = library.json(*command, "--limit", "50")["results"]
    done = library(*command, "--limit", "50", "-o", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == len(wanted) and {bool(row["document"]) for row in wanted} == {True, False}
    assert done.stdout.splitlines()[0].endswith("created_at,key,source,url,position,heading")
    for row, result in zip(rows, wanted):
        document = result["document"] or {}
        for name in ("key", "source", "url", "position", "heading"):
            assert row[name] == str(document.get(name, "")), name
    table = library(*command, "--limit", "50", "-o", "md").stdout.splitlines()
    assert table[0].endswith("| key | source | url | position | heading |")


def test_text_around_a_hit_is_no_column(library):
    for form in ("csv", "md", "ids"):
        done = library("search", "boats", "--context", "1", "-o", form, check=False)
        assert done.returncode == 2 and done.stdout == ""
        assert f"--output {form} has no place for --context" in done.stderr


def test_similar_leaves_out_its_document(library):
    hit = ask(library, "boats in the harbour", "--path", "subject1/Books", "--limit", "1")[0]
    near = library.json("similar", str(hit["content_id"]), "--limit", "20")["results"]
    assert document_of(hit) not in [document_of(row) for row in near]
    assert len({document_of(row) for row in near}) == len(near) == 11
    near = library.json("similar", str(hit["content_id"]), "--limit", "500", "--chunks")["results"]
    assert document_of(hit) in [document_of(row) for row in near]
    assert hit["content_id"] not in [row["content_id"] for row in near]


def test_discovery_folds_and_pages(library):
    whole = library.json("discover", "boats", "--limit", "100")
    assert len({document_of(row) for row in whole["results"]}) == whole["total"] == 12
    assert sum(group["count"] for group in whole["groups"]) == 12
    rows, cursor = [], ()
    while True:
        page = library.json("discover", "boats", "--limit", "4", *cursor)
        assert page["total"] == 12
        rows += page["results"]
        if not page["next_cursor"]:
            break
        cursor = ("--cursor", page["next_cursor"])
    assert rows == whole["results"]
    library.fails("invalid", "discover", "boats", "--limit", "4", "--chunks", *cursor)
    assert library.json("discover", "boats", "--chunks")["total"] > 40


def test_without_documents_nothing_folds(library, empty):
    empty("load", write_rows(library.home / "rows.jsonl", [make_row(n) for n in range(1, 4)]))
    rows = ask(empty, "row", "--explain")
    assert [row["document"] for row in rows] == [None] * 3
    answer = json.loads(empty("search", "row", "--explain", "--json").stdout)
    assert answer["explain"]["rounds"] == 1
