# SPDX-License-Identifier: Apache-2.0
"""grove export: what it writes loads back equal, and comes out again byte for byte."""

import csv
import io
import json
import os
import signal
import subprocess

import pytest
from conftest import BINARY, copy_of, end_home, make_row, make_vector, wait_until, write_rows

csv.field_size_limit(1 << 24)

# Whatever a row may have.
ROWS = [
    make_row(1, title="Zoë \u202e \"quoted\", and\\slashed", summary="two\nlines\tand a tab",
             created_at="0001-01-01T00:00:00.000000Z"),
    make_row(2, body="A body.\r\n\r\nWith lines. " + "\U0001f333" * 3000, word_count=0,
             created_at="2026-11-23T08:44:41.123457Z"),
    make_row(3, vector=make_vector(3), created_at="infinity"),
    make_row(4, vector=[1e-38, -3.4e38, 0.1] + [1 / 3] * 381, body="Given.",
             created_at="-infinity"),
    make_row(2147483647, created_at="4000-12-31T23:59:59.999999Z", word_count=2147483647),
    make_row(5, branch="either/or", limb="back\\slash", leaf="über", content_type="a b",
             created_at="-0043-03-15T12:00:00.000000Z"),
    make_row(1, tree="subject2", branch="Z", limb="a", leaf="B", content_type="x"),
    make_row(2, tree="subject2", branch="a", limb="Z", leaf="b", content_type="X"),
    make_row(1, tree="subject2", branch="a", limb="Z", leaf="b", content_type="x"),
]


@pytest.fixture
def full(empty, tmp_path):
    """The file's home with all of these, whose ids are in another order than their places."""
    empty("load", write_rows(tmp_path / "some.jsonl", ROWS[:2] + ROWS[5:7]))
    empty("load", write_rows(tmp_path / "rows.jsonl", ROWS))
    return empty


def exported(grove, *arguments):
    done = grove("export", *arguments)
    assert done.stderr == ""
    return done.stdout


def test_what_is_loaded_comes_out_again(full, grove, tmp_path):
    first = exported(full)
    rows = [json.loads(line) for line in first.splitlines()]
    assert len(rows) == len(ROWS)
    by_key = {(row["tree"], row["leaf"], row["content_type"], row["chunk_number"]): row
              for row in rows}
    for given in ROWS:
        row = by_key[(given["tree"], given["leaf"], given["content_type"], given["chunk_number"])]
        for name in set(given) - {"vector"}:
            assert row[name] == given[name], name
        assert ("vector" in row) == ("vector" in given) and ("body" in row) == ("body" in given)
    # The same into an empty home: other ids, and the same bytes.
    (tmp_path / "first.jsonl").write_text(first)
    answer = grove.json("load", "--strict", tmp_path / "first.jsonl")
    assert answer["rows_inserted"] == len(ROWS)
    assert exported(grove) == first
    # And where all is there already nothing changes.
    assert full.json("load", tmp_path / "first.jsonl")["rows_unchanged"] == len(ROWS)
    assert exported(full) == first
    # Supplied vectors are the same 32 bits.
    both = []
    for home in (full, grove):
        with home.connect() as conn:
            both.append(conn.execute("""SELECT c.title, e.vector FROM grove.embedding e
                JOIN content_metadata c ON c.id = e.content_id WHERE e.origin = 'supplied'
                ORDER BY 1""").fetchall())
    assert len(both[0]) == 2 and both[0] == both[1]


def test_csv_has_the_same(full):
    rows = [json.loads(line) for line in exported(full).splitlines()]
    text = full("export", "--csv", input=b"").stdout.decode()  # line ends as they are
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(read) == len(rows)
    for row, line in zip(rows, read):
        assert set(line) == {"tree", "branch", "limb", "leaf", "content_type", "chunk_number",
                             "title", "summary", "word_count", "created_at", "body", "vector",
                             "document", "source", "url", "metadata"}
        for name, text in line.items():
            value = row.get(name, "")
            assert (json.loads(text) if name == "vector" and text else text) == (
                str(value) if isinstance(value, int) else value), name


def test_ids_that_only_hands_give(empty):
    """Any number that the column holds: shown, exported and removed like others."""
    ids = [0, -1, -2147483648]
    with empty.connect() as conn:
        conn.execute("INSERT INTO subject3_hierarchy (branch, limb, leaf) VALUES ('o', 'd', 'd')")
        for number in ids:
            conn.execute("INSERT INTO content_metadata (id, hierarchy_table, leaf_id, content_type,"
                         " title, content_summary, word_count) SELECT %s, 'subject3_hierarchy',"
                         " max(id), %s, 'Odd', 'An odd id.', 3 FROM subject3_hierarchy",
                         (number, f"t {number}"))
    assert {json.loads(line)["content_type"] for line in exported(empty, "subject3").splitlines()} \
        == {f"t {number}" for number in ids}
    for number in ids:
        assert json.loads(empty("show", "--json", "--", number).stdout)["content_id"] == number
    assert "2 given up on" in empty("sync", check=False).stderr + empty("status").stdout
    empty("rm", "--yes", "--", *ids)
    assert exported(empty, "subject3") == ""
    assert empty.json("sync")["pending"] == 0


def test_a_part_of_it(full):
    assert [json.loads(line)["limb"] for line in exported(full, "subject1/either\\/or").splitlines()
            ] == ["back\\slash"]
    assert exported(full, "religion") == "" and exported(full, "religion", "--csv").count("\n") == 1
    kinds = {json.loads(line)["content_type"] for line in exported(full, "-t", "x").splitlines()}
    assert kinds == {"x"}
    long = exported(full, "subject1", "--min-words", "2147483647").splitlines()
    assert [json.loads(line)["chunk_number"] for line in long] == [2147483647]
    error = full.fails("not_found", "export", "subject1/Testin")
    assert "Testing" in error["hint"]
    for wrong in (("--csv", "--jsonl"), ("--csv", "--json"), ("subject1", "subject2")):
        assert full("export", *wrong, check=False).returncode == 2


def test_a_vector_of_another_text_stays_behind(full):
    with full.connect() as conn:
        conn.execute("""UPDATE content_metadata SET title = 'Changed'
            WHERE title = 'Row 3'""")
        row = json.loads(next(line for line in exported(full, "subject1").splitlines()
                              if '"Changed"' in line))
        assert "vector" not in row
        conn.execute("UPDATE content_metadata SET title = 'Row 3' WHERE title = 'Changed'")


def test_what_a_load_would_not_read_is_told(filled):
    """Any client may write what a load refuses; it is written all the same."""
    with filled.connect() as conn:
        conn.execute("UPDATE content_metadata SET title = E'a\\tb' WHERE id = 1")
        conn.execute("UPDATE content_metadata SET chunk_number = NULL WHERE id = 2")
        conn.execute("UPDATE content_metadata SET word_count = NULL WHERE id = 3")
        conn.execute("UPDATE content_metadata SET created_at = NULL WHERE id = 4")
        conn.execute("UPDATE content_metadata SET content_summary = '' WHERE id = 5")
        conn.execute("UPDATE grove.body SET body = repeat('x', 1048577) WHERE content_id = 6")
        conn.execute("UPDATE grove.embedding SET origin = 'supplied' WHERE content_id = 7")
    for form in ("--jsonl", "--csv"):
        done = filled("export", form)
        warnings = "".join(done.stderr.split())
        for content_id, what in ((1, "title"), (2, "chunk_number"), (3, "word_count"),
                                 (4, "created_at"), (5, "summary"), (6, "body")):
            assert f"id{content_id}:{what}:" in warnings, (content_id, done.stderr)
        for told in ("1:title:controlcharacter0x09atbyte2:aloadrefusesthat",
                     "2:chunk_number:null,and1once", "3:word_count:null,andcountedonceitisloaded",
                     "4:created_at:null,andthetimeoftheloadonce"):
            assert f"id{told}" in warnings, (told, done.stderr)
        assert "id7" not in warnings and "id8" not in warnings and "6ofthese" in warnings
        assert len(list(csv.reader(io.StringIO(done.stdout)))) == 9 if form == "--csv" else (
            done.stdout.count("\n") == 8)
    made = [json.loads(line) for line in filled("export", "religion").stdout.splitlines()]
    part = [row for row in made if row.get("word_count") is None or "created_at" not in row]
    assert len(part) == 2
    answer = filled.json("load", "-", input="".join(
        json.dumps({**row, "tree": "subject1"}) + "\n" for row in part))
    assert answer["rows_inserted"] == 2
    again = [json.loads(line) for line in exported(filled, "subject1").splitlines()]
    assert all(row["word_count"] > 9 and row["created_at"] for row in again)
    with filled.connect() as conn:  # a hand spoils a vector: it is left out, and told
        conn.execute("""UPDATE grove.embedding SET vector = decode(repeat('00', 1536), 'hex')
            WHERE content_id = 7""")
    assert "id 7: vector" in filled("export").stderr


def test_where_it_cannot_be_written(full):
    with open("/dev/full", "wb") as output:
        done = subprocess.run([BINARY, "export"], env=full.env, stdout=output, check=False,
                              stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 11 and b"could not write to standard output" in done.stderr
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([BINARY, "export"], env=full.env, stdout=writer, check=False,
                          stderr=subprocess.PIPE, timeout=60)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


# --- many rows ------------------------------------------------------------------------------------

MANY = 20000


@pytest.fixture(scope="module")
def many():
    """A home of many rows of 8 KB: 160 MB of text."""
    made = copy_of("init")
    with made.connect() as conn:
        conn.execute("INSERT INTO subject3_hierarchy (branch, limb, leaf) VALUES ('a', 'b', 'c')")
        conn.execute(f"""INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type,
            chunk_number, title, content_summary, word_count) SELECT 'subject3_hierarchy', l.id,
            'Note', n, 'Row ' || n, 'Summary.', 1 FROM subject3_hierarchy l,
            generate_series(1, {MANY}) n""")
        conn.execute("""INSERT INTO grove.body SELECT id, repeat('many words ', 800)
            FROM content_metadata WHERE hierarchy_table = 'subject3_hierarchy'""")
    yield made
    end_home(made)


def test_many_rows_take_the_memory_of_few(many):
    script = ("import resource, subprocess, sys\n"
              "with open('/dev/null', 'wb') as null:\n"
              "    status = subprocess.call(sys.argv[1:], stdout=null)\n"
              "print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n")
    peaks = []
    for more in (("--min-words", "2"), ()):
        done = subprocess.run(["/usr/bin/python3", "-c", script, BINARY, "export", "subject3",
                               *more], env=many.env, check=True, timeout=300,
                              stdout=subprocess.PIPE)
        status, peak = map(int, done.stdout.split())
        assert status == 0
        peaks.append(peak)
    assert peaks[1] - peaks[0] < 48 << 10, peaks  # kilobytes


def test_all_is_of_one_moment(many):
    """What changes while a reader takes its time is written as it was."""
    with many.start("export", "subject3") as process, many.connect() as conn:
        assert process.stdout.read(1) == "{"
        # The pipe is full by now, and most is yet to be read.
        conn.execute(f"UPDATE content_metadata SET title = 'Late' WHERE chunk_number = {MANY - 1}")
        conn.execute(f"DELETE FROM content_metadata WHERE chunk_number = {MANY}")
        conn.execute(f"""INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type,
            chunk_number, title, content_summary) SELECT 'subject3_hierarchy', id, 'Note',
            {MANY + 1}, 'Later', 'x' FROM subject3_hierarchy WHERE leaf = 'c'""")
        rows = ("{" + process.stdout.read()).splitlines()
    assert process.returncode == 0 and len(rows) == MANY
    assert [json.loads(row)["title"] for row in rows] == [f"Row {n}" for n in range(1, MANY + 1)]


def test_ctrl_c_and_a_reader_that_goes_end_it(many):
    process = many.start("export", "subject3")
    assert process.stdout.read(1) == "{"
    process.send_signal(signal.SIGINT)
    rest, complaint = process.communicate(timeout=60)
    assert process.returncode == 130 and 0 < rest.count("\n") < MANY
    assert complaint == "grove: stopped on request\n"
    process = many.start("export", "subject3")
    process.stdout.read(1)
    process.stdout.close()
    assert process.wait(60) == 141 and process.stderr.read() == ""
    process.stderr.close()
    with many.connect() as conn:  # nothing of it goes on in the server
        wait_until(lambda: conn.execute("""SELECT count(*) FROM pg_stat_activity
            WHERE query LIKE '%grove_export%' AND state <> 'idle'
              AND pid <> pg_backend_pid()""").fetchone() == (0,))
