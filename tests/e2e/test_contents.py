# SPDX-License-Identifier: Apache-2.0
"""What there is and one content as a whole (ls, show, similar), rows for other programs (--output),
--min-score."""

import csv
import io
import json

import pytest
from conftest import make_row, make_vector, write_rows


def counts(listing):
    return {place["path"]: place["contents"] for place in listing["places"]}


# --- ls -------------------------------------------------------------------------------------------

def test_ls_goes_down_level_by_level(sample):
    trees = sample.json("ls")
    assert trees["level"] == "tree" and trees["path"] is None and trees["contents"] == 8
    assert counts(trees) == {"religion": 8, **{f"subject{n}": 0 for n in range(1, 9)}}
    assert trees["places"][0] == {"name": "religion", "path": "religion", "branches": 4,
                                  "limbs": 5, "leaves": 6, "contents": 8}
    branches = sample.json("ls", "religion")
    assert branches["level"] == "branch"
    assert counts(branches) == {"religion/Buddhism": 1, "religion/Christianity": 5,
                                "religion/Islam": 2, "religion/Judaism": 0}
    limbs = sample.json("ls", "religion/Christianity/")
    assert limbs["level"] == "limb"
    assert [(limb["name"], limb["leaves"]) for limb in limbs["places"]] == [
        ("Catholic", 1), ("Protestant-Baptist", 2)]
    leaf = "religion/Christianity/Catholic/Theology"
    for path in (leaf.rpartition("/")[0], leaf):  # a leaf is listed itself
        assert sample.json("ls", path)["level"] == "leaf"
        assert counts(sample.json("ls", path)) == {leaf: 2}


def test_ls_counts_types(sample):
    assert {kind["content_type"]: kind["contents"] for kind in sample.json("ls")["types"]} == {
        "Doctrine": 3, "Belief": 2, "Theology": 2, "Teaching": 1}
    listing = sample.json("ls", "religion", "--type", "Doctrine", "--type", "Belief")
    assert listing["contents"] == 5
    assert counts(listing)["religion/Islam"] == 2 and counts(listing)["religion/Buddhism"] == 0
    assert [kind["content_type"] for kind in listing["types"]] == ["Doctrine", "Belief"]


def test_ls_gives_paths_that_other_commands_take(shared, tmp_path):
    leaf = {"branch": "either/or", "limb": "back\\slash", "leaf": "c,\"d\" | e"}
    shared("load", write_rows(tmp_path / "rows.jsonl", [make_row(1, **leaf)]))
    paths = shared("ls", "--leaves", "-o", "ids").stdout.splitlines()
    assert len(paths) == 7
    odd = next(path for path in paths if path.startswith("subject1"))
    assert odd == "subject1/either\\/or/back\\\\slash/c,\"d\" | e"
    assert shared.json("browse", odd)["total"] == 1
    rows = list(csv.DictReader(io.StringIO(shared("ls", "--leaves", "-o", "csv").stdout)))
    assert [row["path"] for row in rows] == paths
    assert "\\| e" in shared("ls", odd, "-o", "md").stdout.splitlines()[2]
    shared("psql", "--", "-qc", "DELETE FROM content_metadata WHERE title = 'Row 1'")


def test_ls_tells_what_is_not_there(sample):
    error = sample.fails("not_found", "ls", "religion/Budhism")
    assert "Buddhism" in error["hint"]
    sample.fails("invalid", "ls", "a/b/c/d/e")
    done = sample("ls", "religion/Judaism", "--type", "Doctrine")
    assert "Orthodox" in done.stdout and "TYPE" not in done.stdout
    assert sample("ls", "subject1").stdout == "nothing is there\n"


# --- show -----------------------------------------------------------------------------------------

def test_show(shared, tmp_path):
    body = "One.\n\n\u202eTwo\r\nThree."
    shared("load", write_rows(tmp_path / "rows.jsonl", [
        make_row(7, body=body, vector=make_vector(1))]))
    content_id = shared.json("browse", "subject1", "--limit", "1")["results"][0]["content_id"]
    shown = shared.json("show", content_id)
    assert shown["title"] == "Row 7" and shown["chunk_number"] == 7 and shown["branch"] == "Testing"
    assert (shown["body"], shown["body_bytes"]) == (None, 20)
    assert (shown["vector_origin"], shown["pending"], shown["dead_reason"]) == (
        "supplied", False, None)
    assert shared.json("show", content_id, "--body")["body"] == body
    assert "20 bytes, shown with --body" in shared("show", content_id).stdout
    # For people: lines stay lines, and nothing else reaches a terminal.
    assert shared("show", content_id, "--body").stdout.endswith(
        "\nOne.\n\n\\u{202e}Two\nThree.\n")
    shared("psql", "--", "-qc",
           f"UPDATE grove.body SET body = 'Other.' WHERE content_id = {content_id}")
    shown = shared.json("show", content_id)
    assert (shown["vector_origin"], shown["pending"]) == (None, True)
    assert "the vector engine has yet to get it" in shared("show", content_id).stdout


@pytest.mark.parametrize("command", ["show", "similar"])
def test_an_id_that_is_none(sample, command):
    assert "no content with the id 99" in sample.fails("not_found", command, "99")["message"]
    for word in ("", "99999999999", "-2147483649"):
        assert sample.fails("invalid", command, "--", word)["message"]
    for word in ("x", "-", "--1", "1.5", "٣"):  # show takes them for names of documents
        code = "not_found" if command == "show" else "invalid"
        assert sample.fails(code, command, "--", word)["message"]
    for word in ("0", "-1", "-2147483648"):  # a hand may have given them to contents
        assert f"id {word}" in sample.fails("not_found", command, "--", word)["message"]
    sample.fails("invalid", command)
    sample.fails("invalid", command, "1", "2")


# --- similar, --min-score -------------------------------------------------------------------------

def test_similar_is_a_search_with_its_vector(sample):
    everything = sample.json("similar", "4", "--limit", "50")
    ids = [row["content_id"] for row in everything["results"]]
    assert len(ids) == 7 and 4 not in ids and everything["complete"] is True
    text = sample.json("show", "4", "--body")
    by_text = sample.json("search", f"{text['title']}\n{text['body']}", "--limit", "50")["results"]
    assert [row["content_id"] for row in by_text] == [4, *ids]
    assert [row["score"] for row in by_text[1:]] == pytest.approx(
        [row["score"] for row in everything["results"]], abs=1e-5)
    for limit in range(1, 8):
        few = sample.json("similar", "4", "--limit", str(limit))["results"]
        assert [row["content_id"] for row in few] == ids[:limit]
    elsewhere = sample.json("similar", "4", "--path", "religion/Islam")["results"]
    assert {row["branch"] for row in elsewhere} == {"Islam"} and len(elsewhere) == 2


def test_similar_reads_a_content_as_it_is_now(shared):
    """What was changed and is not projected yet is compared by its new text."""
    shared("psql", "--", "-qc", """UPDATE grove.body SET body = (SELECT body FROM grove.body
        WHERE content_id = 5) WHERE content_id = 1""", "-c", """UPDATE content_metadata SET title =
        (SELECT title FROM content_metadata WHERE id = 5) WHERE id = 1""")
    best = shared.json("similar", "1", "--limit", "1")["results"][0]
    assert best["content_id"] == 5 and best["score"] > 0.9999


def test_min_score(sample):
    scores = {row["content_id"]: row["score"]
              for row in sample.json("search", "grace", "--limit", "50")["results"]}
    assert len(scores) == 8
    for least in (-1, 0, 0.2, 0.9, 1):
        answer = sample.json("search", "grace", "--limit", "50", "--min-score", str(least))
        wanted = {content_id for content_id, score in scores.items() if score >= least}
        assert {row["content_id"] for row in answer["results"]} == wanted
        assert answer["complete"] is True and answer["total"] == len(wanted)
    sample.fails("invalid", "search", "grace", "--min-score", "1.1")
    sample.fails("invalid", "similar", "1", "--min-score", "nan")


# --- rows for other programs ----------------------------------------------------------------------

@pytest.mark.parametrize("command", [
    ("browse", "religion"), ("search", "grace"), ("discover", "grace"), ("similar", "1")])
def test_rows_are_those_of_json(sample, command):
    wanted = sample.json(*command, "--limit", "5")["results"]
    rows = list(csv.DictReader(io.StringIO(sample(*command, "--limit", "5", "-o", "csv").stdout)))
    assert len(rows) == len(wanted) == 5
    for row, result in zip(rows, wanted):
        assert all(row.pop(name) == "" for name in ("key", "source", "url", "position", "heading"))
        for name, value in row.items():
            assert value == ("" if result[name] is None else
                             f"{result[name]:.6f}" if name == "score" else str(result[name]))
    done = sample(*command, "--limit", "5", "--output", "ids")
    assert done.stdout.splitlines() == [str(row["content_id"]) for row in wanted]
    # What is no row is told elsewhere.
    assert ("--cursor" in done.stderr) == (command[0] in ("browse", "discover"))
    lines = sample(*command, "--limit", "5", "-o", "md").stdout.splitlines()
    assert len(lines) == 7 and len({line.replace("\\|", "").count("|") for line in lines}) == 1
    for other in (("--json",), ("--explain",)):
        assert sample(*command, "-o", "csv", *other, check=False).returncode == 2
    assert sample(*command, "-o", "xml", check=False).returncode == 2


def test_rows_keep_every_character_but_on_a_terminal(shared, tmp_path):
    title = "a,\"b\"\u202e | <c> \\ 'd'"
    row = make_row(3, title=title, summary=" two\nlines ", leaf="Odd")
    shared("load", write_rows(tmp_path / "rows.jsonl", [row]))
    path = "subject1/Testing/Loads/Odd"
    read = list(csv.DictReader(io.StringIO(shared("browse", path, "-o", "csv").stdout, newline="")))
    assert (read[0]["title"], read[0]["content_summary"]) == (title, " two\nlines ")
    status, shown = shared.on_terminal("browse", path, "-o", "csv")
    assert status == 0 and "\u202e" not in shown and "\\u{202e}" in shown
    table = shared("browse", path, "-o", "md").stdout.splitlines()
    assert len(table) == 3 and "\\| \\<c>" in table[2] and "\u202e" not in table[2]


def test_nothing_is_a_head_alone(sample):
    assert sample("search", "x", "--path", "subject1", "-o", "csv").stdout.count("\n") == 1
    assert sample("search", "x", "--path", "subject1", "-o", "ids").stdout == ""
    assert json.loads(sample("ls", "subject1", "--json").stdout)["places"] == []


def test_a_type_that_is_nowhere_is_told(sample):
    """By lists and exports as by queries; and nothing is where nothing is."""
    for command in (("ls",), ("ls", "religion"), ("export",), ("export", "religion", "--csv")):
        done = sample(*command, "--type", "Doctirne")
        assert 'no content has the type "Doctirne"; did you mean "Doctrine"?' in " ".join(
            done.stderr.split()), (command, done.stderr)
        assert "no content has" not in sample(*command, "--type", "Doctrine").stderr
    assert "no content has" not in sample("ls", "subject1", "--type", "Doctrine").stderr
