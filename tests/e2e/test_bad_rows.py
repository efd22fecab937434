# SPDX-License-Identifier: Apache-2.0
"""Odd and bad rows, however they come: each is refused by its column, or right, and the others are
there."""

import json

import pytest
from conftest import PARTLY

CAFE = "Café au lait", "Cafe\u0301 au lait"  # NFC, NFD
GOOD = {"title": "Good", "body": "A text.", "category": "Plain", "metadata": None}


def row(key, **fields):
    return {"id": key, **GOOD, **fields}


def metadata_of(size):
    return json.dumps({"notes": "n" * (size - len('{"notes":""}'))}, separators=(",", ":"))


HEADINGS = "# Only\n\n## Headings\n\n### Here\n\n" * 40
FINE = [row("plain"),
        row("headings", body=HEADINGS),
        row("no spaces", body="x" * 3000),
        row("words without spaces", body="\u0e1d\u0e19\u0e15\u0e01\u0e2b\u0e19\u0e31\u0e01" * 200),
        row("no sentences", body="\u96e8\u5929\u5728\u5bb6" * 300),
        row("slash", category="Sky/High"),
        row("composed", category=CAFE[0]), row("decomposed", category=CAFE[1]),
        row("much metadata", metadata=metadata_of(1 << 20))]
BAD = {"no title": (row("no title", title=None), "title", "missing"),
       "no text": (row("no text", body=None), "body", "missing"),
       "empty": (row("empty", body=""), "body", "empty"),
       "nowhere": (row("nowhere", category=None), "category", "the path needs it"),
       "too much metadata": (row("too much metadata", metadata=metadata_of((1 << 20) + 1)),
                             "metadata", "1048577"),
       "other metadata": (row("other metadata", metadata="[1]"), "metadata", "object"),
       "twenty megabytes": (row("twenty megabytes", body="a" * 20_000_000), "", "")}
HOW = ["--key", "id", "--path", "subject1/{category}", "--metadata", "metadata"]


@pytest.fixture(autouse=True)
def cleared(empty):
    """The file's home without what the test before has brought."""
    empty("detach", "articles", check=False)
    with empty.connect() as conn:
        conn.execute("DELETE FROM grove.document")
        conn.execute("DELETE FROM content_metadata")
        conn.execute("DELETE FROM subject1_hierarchy")
        conn.execute("DROP TABLE IF EXISTS articles")
        conn.execute("CREATE TABLE articles (id text PRIMARY KEY, title text, body text, "
                     "category text, metadata json)")


def fill(grove, rows):
    with grove.connect() as conn:
        conn.cursor().executemany("INSERT INTO articles VALUES (%(id)s, %(title)s, %(body)s, "
                                  "%(category)s, %(metadata)s)", rows)


def as_csv(rows):
    """As PostgreSQL has it: a null is nothing, an empty text is in quotes."""
    lines = [",".join(rows[0])]
    for given in rows:
        lines.append(",".join("" if value is None else '"' + value.replace('"', '""') + '"'
                              for value in given.values()))
    return "".join(line + "\r\n" for line in lines)


def as_records(rows):
    """As grove load takes documents."""
    for given in rows:
        category = given["category"]
        yield {"document": given["id"], "title": given["title"], "body": given["body"],
               "tree": "subject1", "branch": category, "limb": category, "leaf": category,
               "content_type": "Text",
               **({"metadata": json.loads(given["metadata"])} if given["metadata"] else {})}


def refusals(done, keys_of_lines):
    """Key -> column and reason, of an answer with bad lines."""
    assert done.returncode == PARTLY, done.stderr
    return {keys_of_lines[bad["line"]]: (bad["field"] or "", bad["reason"])
            for bad in json.loads(done.stdout)["bad_lines"]}


def by_load(grove, tmp_path, rows, lines=as_records, command=("load",)):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines(rows)))
    done = grove(*command, path, "--json", check=False)
    return refusals(done, {number: given["id"] for number, given in enumerate(rows, 1)})


def by_json_lines(grove, tmp_path, rows):
    objects = [{**given, "metadata": given["metadata"] and json.loads(given["metadata"])}
               for given in rows]
    return by_load(grove, tmp_path, rows, lambda _: objects, ("import", *HOW))


def by_csv(grove, tmp_path, rows):
    path = tmp_path / "rows.csv"
    path.write_text(as_csv(rows), newline="")
    lines, number = {}, 2
    for given in rows:
        lines[number] = given["id"]
        number += 1 + sum((value or "").count("\n") for value in given.values())
    return refusals(grove("import", path, *HOW, "--json", check=False), lines)


def by_query(grove, _, rows):
    fill(grove, rows)
    done = grove("import", "--query", "SELECT * FROM articles ORDER BY ctid", *HOW, "--json",
                 check=False)
    told = refusals(done, {number: given["id"] for number, given in enumerate(rows, 1)})
    assert all(reason.endswith(f'its key is "{key}"') for key, (_, reason) in told.items()), told
    return told


def by_attaching(grove, _, rows):
    fill(grove, rows)
    assert grove("attach", "articles", *HOW, check=False).returncode == PARTLY
    return {bad["key"]: ("", bad["reason"]) for bad in grove.json("attachments")["refused"]}


@pytest.mark.parametrize("way", [by_load, by_json_lines, by_csv, by_query, by_attaching])
def test_each_row_is_refused_or_right(empty, tmp_path, way):
    told = way(empty, tmp_path, [BAD["empty"][0], *FINE, *(
        bad for key, (bad, _, _) in BAD.items() if key != "empty")])
    assert set(told) == set(BAD), told
    for key, (_, column, reason) in BAD.items():
        whole = ": ".join(told[key])
        names = ("category", "branch") if column == "category" else (column,)
        assert any(name in whole for name in names), (key, told[key])
        if not (way is by_load and key == "nowhere"):
            assert reason in whole, (key, told[key])
    with empty.connect() as conn:
        found = {key: rest for key, *rest in conn.execute(
            "SELECT d.key, d.body, d.metadata::text, min(l.leaf), count(DISTINCT l.leaf_id),"
            " bool_and(b.body = substr(d.body, c.first_character, c.characters)), count(*)"
            " FROM grove.document d JOIN grove.chunk c ON c.document_id = d.id"
            " JOIN content_metadata m ON m.id = c.content_id"
            " JOIN grove.body b USING (content_id)"
            " JOIN grove.leaf l USING (hierarchy_table, leaf_id) GROUP BY d.id")}
        names = {name for name, in conn.execute("SELECT leaf FROM subject1_hierarchy")}
    assert set(found) == {given["id"] for given in FINE}
    for given in FINE:
        body, metadata, leaf, leaves, exact, chunks = found[given["id"]]
        assert body == given["body"] and leaves == 1 and exact, given["id"]
        assert json.loads(metadata) == json.loads(given["metadata"] or "{}"), given["id"]
        assert (chunks > 1) == (len(body) > 500), (given["id"], chunks)
        assert leaf == (CAFE[0] if given["category"] in CAFE else given["category"])
    # A name is one leaf, whichever way it is written, and is found in both.
    assert names == {"Plain", "Sky/High", CAFE[0]}
    for name in CAFE:
        shown = empty.json("search", "a text", "--path", f"subject1/{name}/{name}")
        assert {hit["document"]["key"] for hit in shown["results"]} == {"composed", "decomposed"}
    assert empty.broken() == ""


def test_a_name_that_a_hand_wrote_decomposed_is_that_leaf(empty, tmp_path):
    name = CAFE[1]
    with empty.connect() as conn:
        conn.execute("INSERT INTO subject1_hierarchy (branch, limb, leaf) VALUES (%s, %s, %s)",
                     (name, name, name))
    by_load_rows = [row("composed", category=CAFE[0]), row("decomposed", category=CAFE[1])]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in as_records(by_load_rows)))
    loaded = empty.json("load", path)
    assert (loaded["rows_inserted"], loaded["leaves_created"]) == (2, 0)
    assert empty.json("load", path)["rows_unchanged"] == 2
    for given in CAFE:
        assert empty.json("ls", f"subject1/{given}/{given}/{given}")["contents"] == 2
    # Beside it another leaf of the same branch, and rows that differ in the form alone.
    rows = [{"tree": "subject1", "branch": given, "limb": given, "leaf": "Other",
             "content_type": "Text", "title": "One", "summary": "One."} for given in CAFE]
    path.write_text("".join(json.dumps(line) + "\n" for line in rows))
    done = empty("load", path, check=False)
    assert done.returncode == PARTLY and "duplicate of" in done.stderr
    with empty.connect() as conn:
        assert conn.execute("SELECT DISTINCT branch, limb FROM subject1_hierarchy").fetchall() == [
            (name, name)]
    # A move writes the composed form.
    empty("mv", f"subject1/{CAFE[0]}", f"subject1/{CAFE[1]} noir")
    assert empty.json("ls", "subject1")["places"][0]["name"] == f"{CAFE[0]} noir"


def test_a_ragged_row_far_down(empty, tmp_path):
    """At line 2,000,000, of which the lines before are empty or within quotes."""
    path = tmp_path / "x.csv"
    quoted = "\n" * 999_998
    path.write_text('id,title,body\n1,Lines,"A.%sB."\n%s2,Ragged\n3,Last,Text.\n'
                    % (quoted, "\n" * (2_000_000 - 999_998 - 3)))
    assert path.read_text().splitlines()[1_999_999] == "2,Ragged"
    done = empty("import", path, "--path", "subject1/X", "--key", "id", check=False)
    assert done.returncode == PARTLY
    assert "x.csv:2000000: 2 columns, and the first line names 3" in done.stderr
    with empty.connect() as conn:
        assert [key for key, in conn.execute("SELECT key FROM grove.document ORDER BY key")] == [
            "1", "3"]
    error = empty.fails("invalid", "import", path, "--path", "subject2/X", "--key", "id",
                        "--strict")
    assert "x.csv:2000000: " in error["message"] and "nothing was loaded" in error["hint"]


@pytest.mark.parametrize("data, line, told", [
    (b"id,title,body\n1,a\0b,x\n2,Good,y\n", 2, "title: control character 0x00"),
    (b"id,title,body\n1,a,x\0y\n2,Good,y\n", 2, "body: control character 0x00"),
    (b'{"id": 1, "title": "a", "body": "x\0y"}\n{"id": 2, "title": "Good", "body": "y"}\n', 1,
     "NUL"),
    (b'{"id": 1, "title": "a\\u0000", "body": "x"}\n{"id": 2, "title": "Good", "body": "y"}\n', 1,
     "title: control character 0x00"),
    (b"id,title,body\n,a,x\n2,Good,y\n", 2, "id: no value, and it is what tells rows apart"),
    (b'{"title": "a", "body": "x"}\n{"id": 2, "title": "Good", "body": "y"}\n', 1,
     "id: no value, and it is what tells rows apart"),
], ids=["title", "body", "line", "escaped", "no key", "no member"])
def test_a_nul_and_a_key_that_is_none(empty, tmp_path, data, line, told):
    path = tmp_path / "x"
    path.write_bytes(data)
    done = empty("import", path, "--path", "subject1/X", "--key", "id", check=False)
    assert done.returncode == PARTLY, done.stderr
    assert f"x:{line}: {told}" in done.stderr or (told == "NUL" and f"x:{line}: " in done.stderr)
    with empty.connect() as conn:
        assert conn.execute("SELECT key FROM grove.document").fetchall() == [("2",)]


def test_five_levels_and_what_is_no_table_of_ours(empty):
    fill(empty, [row("1")])
    for command in (["attach", "articles"], ["import", "--query", "TABLE articles"]):
        error = empty.fails("invalid", *command, "--path", "subject1/a/b/c/d", "--key", "id")
        assert "more than 4 levels" in error["message"] and "no level" in error["hint"]
    with empty.connect() as conn:
        conn.execute("DROP VIEW IF EXISTS readable CASCADE")
        conn.execute("CREATE VIEW readable AS SELECT * FROM articles")
        conn.execute("CREATE FOREIGN DATA WRAPPER nothing")
        conn.execute("CREATE SERVER far FOREIGN DATA WRAPPER nothing")
        conn.execute("CREATE FOREIGN TABLE remote (id text, body text) SERVER far")
    try:
        for name, kind in (("readable", "a view"), ("remote", "a foreign table")):
            error = empty.fails("unsupported", "attach", name, *HOW)
            assert kind in error["message"] and "grove import --query" in error["hint"], error
        assert empty.json("import", "--query", "TABLE readable", *HOW)["rows_inserted"] == 1
    finally:
        with empty.connect() as conn:
            conn.execute("DROP FOREIGN DATA WRAPPER nothing CASCADE")
            conn.execute("DROP VIEW readable")
