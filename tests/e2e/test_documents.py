# SPDX-License-Identifier: Apache-2.0
"""Documents: texts of any length in chunks, loaded, changed, moved and taken away."""

import json
import threading

import psycopg
import pytest
from conftest import make_row, wait_until, write_rows

# What a document has, chunk by chunk: id, number, title, heading, body and vector.
CHUNKS = """SELECT c.content_id, m.chunk_number, m.title, c.heading, b.body, e.vector,
    b.body = substr(d.body, c.first_character, c.characters), s.revision
    FROM grove.document d JOIN grove.chunk c ON c.document_id = d.id
    JOIN content_metadata m ON m.id = c.content_id JOIN grove.body b USING (content_id)
    JOIN grove.content_state s USING (content_id)
    LEFT JOIN grove.embedding e USING (content_id) WHERE d.key = %s ORDER BY c.position"""
SECTIONS = ("Harbour", "Climate", "Gardens", "Bridges", "Schools", "Market", "Fishing", "Legends")


def paragraph(number, section):
    return " ".join(f"Sentence {i} of part {number} tells in plain words of the {section.lower()} "
                    f"and its people." for i in range(2))


def text(sections=SECTIONS, **changed):
    return "\n\n".join(f"## {section}\n\n" + changed.get(section, paragraph(number, section))
                       for number, section in enumerate(sections))


def document(key="kelp", **fields):
    row = {"tree": "subject1", "branch": "Towns", "limb": "North", "leaf": "Coast",
           "content_type": "Article", "document": key, "title": "Kelp Bay", "body": text()}
    return {**row, **fields}


def load(grove, tmp_path, *rows):
    return grove.json("load", write_rows(tmp_path / "documents.jsonl", rows))


def chunks(grove, key="kelp"):
    with grove.connect() as conn:
        return conn.execute(CHUNKS, (key,)).fetchall()


def count(grove, table):
    with grove.connect() as conn:
        return conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def column(rows, number):
    return [row[number] for row in rows]


@pytest.fixture
def loaded(empty, tmp_path):
    """A home with one document and nothing else."""
    with empty.connect() as conn:
        conn.execute("DELETE FROM content_metadata")
    assert count(empty, "grove.document") == 0
    load(empty, tmp_path, document())
    return empty


def check(grove):
    assert grove.broken() == ""
    grove("sync")
    assert grove.broken() == ""


def test_a_document_is_chunks_in_order(loaded):
    rows = chunks(loaded)
    assert len(rows) >= len(SECTIONS) and all(column(rows, 6))
    assert column(rows, 1) == list(range(1, len(rows) + 1))
    assert rows[0][2:4] == ("Kelp Bay > Harbour", "Harbour")
    assert rows[-1][2:4] == ("Kelp Bay > Legends", "Legends")
    assert all(vector for vector in column(rows, 5))
    found = loaded.json("search", "words of the legends and its people", "--limit", "1")
    assert found["results"][0]["content_id"] in column(rows, 0)
    check(loaded)


def test_the_same_again_changes_nothing(loaded, tmp_path):
    before = chunks(loaded)
    for _ in range(2):
        report = load(loaded, tmp_path, document())
        assert (report["rows_unchanged"], report["rows_updated"], report["rows_embedded"],
                report["documents"], report["chunks_written"]) == (1, 0, 0, 1, 0)
    assert chunks(loaded) == before
    with loaded.connect() as conn:  # nor is an id drawn
        conn.execute("SELECT setval('content_metadata_id_seq', (SELECT max(id) FROM"
                     " content_metadata))")
    load(loaded, tmp_path, document(), document("other", title="Other"))
    assert chunks(loaded, "other")[0][0] == before[-1][0] + 1


def test_a_change_rewrites_what_it_touches(loaded, tmp_path):
    before = chunks(loaded)
    changed = text(Schools="There are no schools any more. They were closed when the roof of the "
                           "last one came down in a storm, and children go to the next town.")
    report = load(loaded, tmp_path, document(body=changed))
    after = chunks(loaded)
    assert report["rows_updated"] == 1 and report["chunks_kept"] >= 3
    assert report["rows_embedded"] == report["chunks_written"] <= 2
    same = [row for row in before if row[3] != "Schools"]  # ids, vectors and revisions
    assert [row for row in after if row[3] != "Schools"] == same
    assert "no schools any more" in "".join(column(after, 4))
    check(loaded)


def test_sections_come_go_and_move(loaded, tmp_path):
    before = {row[3]: row for row in chunks(loaded)}
    order = ("Legends", "Harbour", "Festivals", "Market", "Bridges", "Climate", "Gardens", "Law")
    bodies = {section: paragraph(number, section) for number, section in enumerate(SECTIONS)}
    report = load(loaded, tmp_path, document(body=text(order, **bodies)))
    after = chunks(loaded)
    assert column(after, 3) == list(order) and all(column(after, 6))
    for row in after:
        assert row[3] in ("Festivals", "Law") or row[:6] == before[row[3]][:6]
    assert report["rows_embedded"] == report["chunks_written"] == 2
    assert count(loaded, "content_metadata") == len(after)
    check(loaded)


def test_two_documents_on_one_leaf(loaded, tmp_path):
    before = chunks(loaded)
    load(loaded, tmp_path, document("tide", title="Tide Pools"), document("kelp", source="wiki"))
    assert chunks(loaded)[:len(before)] != [] and count(loaded, "grove.document") == 3
    with loaded.connect() as conn:
        rows = conn.execute("SELECT chunk_number, count(*) FROM content_metadata GROUP BY 1"
                            " HAVING count(*) > 1").fetchall()
    assert rows == []
    check(loaded)


def test_many_loaders_at_once(loaded, tmp_path):
    """Of different documents on one leaf, and of the same one."""
    keys = [f"at once {n}" for n in range(4)]
    files = [write_rows(tmp_path / f"{n}.jsonl",
                        [document(key, title=f"Town {key}") for key in (keys[n], keys[0])])
             for n in range(4)]
    failures = []

    def run(path):
        answer = loaded("load", path, check=False)
        if answer.returncode != 0:
            failures.append(answer.stderr)

    threads = [threading.Thread(target=run, args=(path,)) for path in files[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for key in keys:
        rows = chunks(loaded, key)
        assert len(rows) == len(chunks(loaded)) and all(column(rows, 6))
        assert column(rows, 1) == sorted(column(rows, 1))
    assert count(loaded, "grove.document") == 5
    check(loaded)


def waits_for(grove, tmp_path, lock, values):
    """A load that waits for an advisory lock of ours, and what it waits for it goes on with."""
    path = write_rows(tmp_path / "waits.jsonl", [document(body=text() + " More.")])
    with grove.connect() as conn:
        conn.execute(f"SELECT pg_advisory_lock(hashtextextended({lock}))", values)
        load_of = grove.start("load", path)
        wait_until(lambda: conn.execute(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchone())
        before = chunks(grove)
        assert load_of.poll() is None
        conn.execute("SELECT pg_advisory_unlock_all()")
        load_of.communicate(timeout=60)
    assert load_of.returncode == 0 and chunks(grove) != before


def test_a_document_is_loaded_by_one_at_a_time(loaded, tmp_path):
    waits_for(loaded, tmp_path, "'' || chr(31) || %s, 20", ("kelp",))


def test_numbers_are_drawn_one_load_at_a_time(loaded, tmp_path):
    with loaded.connect() as conn:
        leaf = conn.execute("SELECT DISTINCT leaf_id FROM content_metadata").fetchone()[0]
    waits_for(loaded, tmp_path, "'subject1_hierarchy' || chr(31) || %s || chr(31) || 'Article', 21",
              (leaf,))


def test_a_document_moves(loaded, tmp_path):
    before = chunks(loaded)
    load(loaded, tmp_path, make_row(1, branch="Towns", limb="South", leaf="Hills"),
         document(limb="South", leaf="Hills"))
    after = chunks(loaded)
    assert column(after, 0) == column(before, 0) and column(after, 5) == column(before, 5)
    assert column(after, 1) == [number + 1 for number in column(before, 1)]  # behind the row
    assert loaded.json("ls", "subject1/Towns/South/Hills")["contents"] == len(before) + 1
    check(loaded)


def test_a_chunk_that_a_hand_takes_away(loaded, tmp_path):
    before = chunks(loaded)
    with loaded.connect() as conn:
        conn.execute("DELETE FROM content_metadata WHERE id = %s", (before[1][0],))
    assert column(chunks(loaded), 0) == column(before[:1] + before[2:], 0)
    assert loaded.json("search", "harbour", "--limit", "50", "--chunks")["total"] == len(before) - 1
    report = load(loaded, tmp_path, document())
    assert report["chunks_written"] == 1 and column(chunks(loaded), 4) == column(before, 4)
    with loaded.connect() as conn:  # with the last one it goes
        conn.execute("DELETE FROM content_metadata")
    assert count(loaded, "grove.document") == 0 == count(loaded, "grove.chunk")
    check(loaded)


def test_a_document_that_goes_takes_its_chunks(loaded, tmp_path):
    load(loaded, tmp_path, make_row(1), document("tide", title="Tide Pools"))
    with loaded.connect() as conn:
        conn.execute("DELETE FROM grove.document WHERE key = 'kelp'")
    assert count(loaded, "content_metadata") == len(chunks(loaded, "tide")) + 1
    with loaded.connect() as conn:
        conn.execute("TRUNCATE content_metadata CASCADE")
    assert count(loaded, "grove.document") == 0
    check(loaded)


def test_two_hands_take_the_last_two_chunks(loaded, tmp_path):
    load(loaded, tmp_path, document(body="One.", title="Short"))
    load(loaded, tmp_path, document("two", title="Two"))
    ids = column(chunks(loaded, "two"), 0)
    with loaded.connect() as first, loaded.connect() as second:
        first.autocommit = second.autocommit = False
        first.execute("DELETE FROM content_metadata WHERE id = ANY (%s)", (ids[:1],))
        done = threading.Thread(target=lambda: (second.execute(
            "DELETE FROM content_metadata WHERE id = ANY (%s)", (ids[1:],)), second.commit()))
        done.start()
        first.commit()
        done.join()
    with loaded.connect() as conn:
        assert conn.execute("SELECT FROM grove.document WHERE key = 'two'").fetchall() == []


def test_a_row_does_not_overwrite_a_chunk(loaded, tmp_path):
    before = chunks(loaded)
    row = make_row(1, branch="Towns", limb="North", leaf="Coast")
    path = write_rows(tmp_path / "rows.jsonl", [row])
    error = loaded.fails("conflict", "load", path)
    assert "kelp" in error["message"] and "chunk_number" in error["hint"]
    assert chunks(loaded) == before
    load(loaded, tmp_path, {**row, "chunk_number": 1000})
    load(loaded, tmp_path, document(body=text() + "\n\n## More\n\n" + paragraph(9, "More")))
    assert max(column(chunks(loaded), 1)) > 1000
    check(loaded)


def test_what_documents_are_known_by(loaded, tmp_path):
    fields = {"url": "https://example.org/kelp", "metadata": {"year": 1999, "tags": ["a", "b"]},
              "created_at": "2020-01-02T03:04:05Z"}
    report = load(loaded, tmp_path, document(**fields))
    assert report["rows_updated"] == 1 and report["rows_embedded"] == 0
    assert load(loaded, tmp_path, document(**fields))["rows_unchanged"] == 1
    with loaded.connect() as conn:
        assert conn.execute("SELECT url, metadata, created_at::text FROM grove.document"
                            ).fetchall() == [(fields["url"], fields["metadata"],
                                              "2020-01-02 03:04:05")]
        assert conn.execute("SELECT DISTINCT created_at::text FROM content_metadata"
                            ).fetchall() == [("2020-01-02 03:04:05",)]
    report = load(loaded, tmp_path, document(title="Kelp Town", **fields))
    assert report["rows_embedded"] == report["chunks_written"] == len(chunks(loaded))


def test_lines_that_are_no_documents(loaded, tmp_path):
    lines = [document(vector=[1]), document(chunk_number=2), document(summary="x"),
             document(metadata=[1]), document(metadata={"a": "\0"}), document(body=" "),
             document(key=5), make_row(1, url="https://example.org"), document("twice"),
             document("twice"), document(body=None)]
    report = loaded.partly(write_rows(tmp_path / "bad.jsonl", lines))
    assert (report["rows_read"], report["rows_bad"], report["rows_inserted"]) == (11, 10, 1)
    assert count(loaded, "grove.document") == 2


@pytest.mark.parametrize("body", [
    "word " * 1000, "x" * 2000, "\u4e2d" * 1000, "\u0e01\u0e34" * 500,
    "# Only\n## Headings\n" * 100,
    "\r\n".join(["A line.", "", "Another."] * 100), "\U0001f600" * 1000],
    ids=["words", "no-spaces", "ideographs", "thai", "headings", "crlf", "emoji"])
def test_texts_of_all_kinds(loaded, tmp_path, body):
    """All of it is there, and the model reads each chunk whole."""
    report = load(loaded, tmp_path, document("kind", body=body, title="Kind"))
    rows = chunks(loaded, "kind")
    assert report["rows_inserted"] == 1 and report["rows_cut"] == 0
    assert len(rows) > 3 and all(column(rows, 6))
    whole = "".join(column(rows, 4))
    assert "".join(whole.split()) == "".join(body.split())
    assert load(loaded, tmp_path, document("kind", body=body, title="Kind"))["rows_unchanged"] == 1


def test_a_hand_cannot_make_half_a_document(loaded):
    with loaded.connect() as conn:
        for wrong in ("UPDATE grove.document SET key = ' '",
                      "UPDATE grove.document SET metadata = '[]'",
                      "UPDATE grove.chunk SET position = 1",
                      "UPDATE grove.chunk SET characters = 0"):
            with pytest.raises(psycopg.errors.IntegrityError):
                conn.execute(wrong)


WHOLE = """SELECT d.source, d.key, d.title, d.url, d.metadata, d.body, d.chunk_count, d.created_at,
    c.position, c.heading, c.first_character, c.characters, m.title, m.content_summary,
    m.word_count, m.created_at, b.body, l.branch, l.limb, l.leaf
    FROM grove.document d JOIN grove.chunk c ON c.document_id = d.id
    JOIN content_metadata m ON m.id = c.content_id JOIN grove.body b USING (content_id)
    JOIN grove.leaf l USING (hierarchy_table, leaf_id) ORDER BY d.source, d.key, c.position"""


def test_an_export_loads_back_equal(loaded, tmp_path):
    load(loaded, tmp_path,
         document("wiki/dune", source="web", url="https://example.org/d?a=1&b", title="Dünen \"A\"",
                  metadata={"tags": ["a", "ü"], "n": 1.5, "none": None}, leaf="Dunes",
                  created_at="2024-02-29T12:00:00Z", body=text(SECTIONS[:3])),
         document("short", body="One line."), make_row(1, summary="A row of no document."))
    with loaded.connect() as conn:
        before = conn.execute(WHOLE).fetchall()
    exported = loaded("export").stdout
    lines = [json.loads(line) for line in exported.splitlines()]
    assert sorted(line.get("document", "") for line in lines) == ["", "kelp", "short", "wiki/dune"]
    assert [set(line) & {"summary", "word_count", "chunk_number"} for line in lines
            if "document" in line] == [set()] * 3
    path = tmp_path / "exported.jsonl"
    path.write_text(exported)
    assert loaded.json("load", path)["rows_unchanged"] == 4
    with loaded.connect() as conn:
        conn.execute("DELETE FROM content_metadata")
    assert count(loaded, "grove.document") == 0
    assert loaded.json("load", path)["documents"] == 3
    with loaded.connect() as conn:
        assert conn.execute(WHOLE).fetchall() == before
    assert loaded("export").stdout == exported
    # So it does as CSV, with the rows that are no documents.
    table = loaded("export", "--csv", input=b"").stdout
    path.write_bytes(table)
    how = ["import", path, "--path", "{tree}/{branch}/{limb}/{leaf}"]
    assert loaded.json(*how)["rows_unchanged"] == 4
    with loaded.connect() as conn:
        conn.execute("DELETE FROM content_metadata")
    again = loaded.json(*how, "--strict")
    assert (again["rows_inserted"], again["documents"]) == (4, 3)
    with loaded.connect() as conn:
        assert conn.execute(WHOLE).fetchall() == before
    assert loaded("export", "--csv", input=b"").stdout == table
    assert loaded("export").stdout == exported


def test_part_of_an_export(loaded, tmp_path):
    """A document goes with its first chunk, as a whole or not at all."""
    load(loaded, tmp_path, document("dune", leaf="Dunes", content_type="Note"))
    lines = [json.loads(line) for line in loaded("export", "subject1/Towns/North/Dunes").stdout
             .splitlines()]
    assert [line["document"] for line in lines] == ["dune"] and lines[0]["body"] == text()
    assert [json.loads(line)["document"] for line in
            loaded("export", "--type", "Article").stdout.splitlines()] == ["kelp"]


def test_a_document_by_its_name(loaded, tmp_path):
    load(loaded, tmp_path, document("a/b", source="wiki", metadata={"n": 1}, url="https://x.org"),
         document("42"), document("b", source="wiki/a"))
    with loaded.connect() as conn:
        whole = conn.execute("SELECT d.id, d.body, d.chunk_count FROM grove.document d"
                             " WHERE d.key = 'kelp'").fetchone()
    shown = loaded.json("show", "kelp", "--body")
    assert (shown["id"], shown["body"], len(shown["chunks"])) == whole
    assert [part["content_id"] for part in shown["chunks"]] == column(chunks(loaded), 0)
    assert shown["chunks"][0]["path"] == "subject1/Towns/North/Coast"
    assert shown["metadata"] == {} and shown["source"] == "" and shown["url"] is None
    assert loaded.json("document", "kelp")["body"] is None
    assert loaded.json("document", "/42")["key"] == loaded.json("document", "42")["key"] == "42"
    assert "Harbour" in loaded("show", "kelp", "--body").stdout
    loaded.fails("conflict", "document", "wiki/a/b")  # wiki's a/b, or wiki/a's b?
    with loaded.connect() as conn:
        conn.execute("DELETE FROM grove.document WHERE source = 'wiki/a'")
    assert loaded.json("document", "wiki/a/b")["metadata"] == {"n": 1}
    for name in ("none", "wiki/none", "/", "a/b"):
        loaded.fails("not_found", "document", name)


def test_a_leaf_lists_its_documents(loaded, tmp_path):
    leaf = "subject1/Towns/North/Coast"
    load(loaded, tmp_path, document("moss", source="wiki", title="Moss End"), make_row(1),
         document("other", leaf="Inland"), document("note", content_type="Note", body="Short."))
    listed = loaded.json("ls", leaf)
    sizes = {row["key"]: len(chunks(loaded, row["key"])) for row in listed["documents"]}
    assert [(row["source"], row["key"], row["title"], row["content_type"], row["chunks"])
            for row in listed["documents"]] == [
        ("", "kelp", "Kelp Bay", "Article", sizes["kelp"]),
        ("wiki", "moss", "Moss End", "Article", sizes["moss"]),
        ("", "note", "Kelp Bay", "Note", 1)]
    assert listed["level"] == "leaf" and listed["next_cursor"] is None
    notes = loaded.json("ls", leaf, "--type", "Note")["documents"]
    assert [row["key"] for row in notes] == ["note"]
    shown = loaded("ls", leaf).stdout
    assert "wiki/moss" in shown and shown.index("DOCUMENT") < shown.index("TYPE  ")
    # Page by page the same; a document without its first chunk stands where its next one is.
    with loaded.connect() as conn:
        conn.execute("DELETE FROM content_metadata WHERE id = %s", (chunks(loaded, "kelp")[0][0],))
    pages, cursor = [], []
    while True:
        page = loaded.json("ls", leaf, "--limit", 1, *cursor)
        pages += [row["key"] for row in page["documents"]]
        if page["next_cursor"] is None:
            break
        cursor = ["--cursor", page["next_cursor"]]
    assert pages == ["kelp", "moss", "note"]
    assert "next page: " in loaded("ls", leaf, "--limit", 1).stdout


def test_only_a_leaf_has_pages_of_documents(loaded):
    for option in (("--limit", "5"), ("--cursor", "3:Article")):
        assert "of a leaf" in loaded.fails("invalid", "ls", "subject1/Towns", *option)["message"]
    assert loaded.json("ls", "subject1/Towns")["documents"] == []
    for cursor in ("3", "x:Article", "99999999999:Article"):
        assert "not a cursor" in loaded.fails("invalid", "ls", "subject1/Towns/North/Coast",
                                              "--cursor", cursor)["message"]
