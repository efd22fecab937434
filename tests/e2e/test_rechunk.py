# SPDX-License-Identifier: Apache-2.0
"""Contents that are longer than the model reads: counted by status, and made documents."""

import json
import signal
import threading

import pytest
from conftest import make_row, wait_until, write_rows

CHUNKS = """SELECT c.content_id, c.position, m.chunk_number, m.title, b.body, d.id AS document_id,
    b.body = substr(d.body, c.first_character, c.characters) AS is_part, m.created_at,
    m.hierarchy_table, m.leaf_id, m.content_type
    FROM grove.document d JOIN grove.chunk c ON c.document_id = d.id
    JOIN content_metadata m ON m.id = c.content_id JOIN grove.body b USING (content_id)
    WHERE d.key = %s ORDER BY c.position"""


def long_text(word, sentences=60):
    return " ".join(f"Sentence {number} tells in plain words of the {word} and its people."
                    for number in range(sentences))


def with_tail(word, tail):
    """A text whose end is beyond what the model reads."""
    return f"{long_text(word)}\n\n{tail}"


SECRET = "The lighthouse keeper hid the silver astrolabe below the cellar stairs."
LONG = {"title": "Kelp Bay", "body": with_tail("harbour", SECRET)}


@pytest.fixture
def home(empty):
    """A home with nothing in it."""
    with empty.connect() as conn:
        conn.execute("DELETE FROM content_metadata")
    empty("sync")
    return empty


def load(grove, tmp_path, *rows):
    return grove.json("load", write_rows(tmp_path / "rows.jsonl", rows))


def long_row(number, **fields):
    row = make_row(number, **{**LONG, "title": f"Bay {number}", "summary": None, **fields})
    return {name: value for name, value in row.items() if value is not None}


def ids(grove):
    with grove.connect() as conn:
        return {number: content_id for number, content_id in conn.execute(
            "SELECT chunk_number, id FROM content_metadata")}


def long_texts(grove):
    answer = grove.json("status")
    return answer["long_texts"], answer["long_texts_exact"]


def chunks(grove, content_id):
    with grove.connect() as conn:
        return conn.execute(CHUNKS, (f"content-{content_id}",)).fetchall()


def name_of(grove, content_id):
    with grove.connect() as conn:
        identity = conn.execute("SELECT identity FROM grove.lineage").fetchone()[0]
    return f"grove-{str(identity)[:8]}/content-{content_id}"


def read(grove, content_id, *options):
    return grove.json("document", name_of(grove, content_id), *options)


def check(grove):
    assert grove.broken() == ""
    grove("sync")
    assert grove.broken() == ""


def test_status_tells_how_many_are_too_long(home, tmp_path):
    assert long_texts(home) == (0, True)
    assert "long texts" not in home("status").stdout
    load(home, tmp_path, make_row(1), long_row(2), long_row(3))
    assert long_texts(home) == (2, True)
    told = " ".join(home("status").stdout.split())
    assert "long texts 2 contents are longer than the model reads" in told
    with home.connect() as conn:
        conn.execute("UPDATE grove.body SET body = 'short' WHERE content_id = %s", (ids(home)[3],))
    assert long_texts(home) == (2, True)  # as they were last embedded
    home("sync")
    assert long_texts(home) == (1, True)
    home("rechunk")
    assert long_texts(home) == (0, True)


def test_a_vector_of_somebody_s_is_of_no_long_text(home, tmp_path):
    vector = [1.0] + [0.0] * 383
    load(home, tmp_path, long_row(1), long_row(2, vector=vector))
    assert long_texts(home) == (1, True)
    load(home, tmp_path, long_row(1, vector=vector))
    assert long_texts(home) == (0, True)


def test_what_an_older_grove_embedded_is_not_counted(home, tmp_path):
    load(home, tmp_path, long_row(1))
    with home.connect() as conn:
        conn.execute("UPDATE grove.embedding SET text_sha256 = sha256('another')")
    assert long_texts(home) == (0, True)


def test_a_chunk_is_no_long_text(home, tmp_path):
    load(home, tmp_path, long_row(1))
    home("rechunk")
    with home.connect() as conn:
        conn.execute("UPDATE grove.body SET body = repeat('word ', 300)")
    home("sync")
    assert long_texts(home) == (0, True)


def test_status_looks_at_so_many_and_no_more(home, tmp_path):
    load(home, tmp_path, make_row(1))
    with home.connect() as conn:
        conn.execute("INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
                     " content_summary, chunk_number)"
                     " SELECT hierarchy_table, leaf_id, content_type, title, content_summary,"
                     " chunk_number + n FROM content_metadata, generate_series(1, 10001) n")
        conn.execute("INSERT INTO grove.embedding (content_id, model, text_sha256, vector)"
                     " SELECT m.id, e.model, e.text_sha256, e.vector"
                     " FROM content_metadata m, grove.embedding e ON CONFLICT DO NOTHING")
        conn.execute("INSERT INTO grove.long_text SELECT content_id, text_sha256"
                     " FROM grove.embedding ORDER BY content_id")
    assert long_texts(home) == (10000, False)
    assert "more than 10,000 contents are longer" in " ".join(home("status").stdout.split())


def test_what_is_of_before_is_counted_by_projectors(home, tmp_path):
    load(home, tmp_path, long_row(1))
    with home.connect() as conn:
        conn.execute("DELETE FROM grove.long_text")
        conn.execute("UPDATE grove.setting SET value = '0' WHERE name = 'long_texts'")
    assert long_texts(home) == (0, False)
    assert "grove sync does" in " ".join(home("status").stdout.split())
    home("sync")
    assert long_texts(home) == (1, True)


def test_what_was_not_found_is_found(home, tmp_path):
    load(home, tmp_path, make_row(1), long_row(2), *(make_row(n) for n in range(3, 9)))
    before = home.json("search", SECRET, "--limit", "1")["results"][0]
    assert before["score"] < 0.6
    report = home.json("rechunk")
    assert report["documents"] == 1 and report["chunks"] >= 5, report
    assert (report["refused"], report["supplied"], report["changed"], report["pending"]) == (0,) * 4
    found = home.json("search", SECRET, "--limit", "3")
    assert found["complete"] and found["results"][0]["score"] > 0.8
    assert found["results"][0]["content_summary"] == SECRET
    assert [row["document"] is not None for row in found["results"]].count(True) == 1
    check(home)


def test_a_content_becomes_the_first_chunk(home, tmp_path):
    load(home, tmp_path, make_row(1), long_row(2), make_row(3))
    content_id = ids(home)[2]
    with home.connect() as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS holder"
                     " (id integer REFERENCES content_metadata ON DELETE CASCADE)")
        conn.execute("INSERT INTO holder VALUES (%s)", (content_id,))
        kept = conn.execute("SELECT created_at, hierarchy_table, leaf_id, content_type FROM"
                            " content_metadata WHERE id = %s", (content_id,)).fetchone()
    report = home.json("rechunk")
    rows = chunks(home, content_id)
    assert len(rows) == report["chunks"]
    assert rows[0][:3] == (content_id, 1, 2)
    assert [row[1] for row in rows] == list(range(1, len(rows) + 1))
    assert [row[2] for row in rows[1:]] == list(range(4, len(rows) + 3))
    assert all(row[6] for row in rows) and all(row[7:] == kept for row in rows)
    assert [row[3] for row in rows] == ["Bay 2"] * len(rows)
    document = read(home, content_id, "--body")
    assert document["body"] == LONG["body"] and document["title"] == "Bay 2"
    assert document["metadata"] == {}
    shown = home.json("show", content_id)["document"]
    assert (f"{shown['source']}/{shown['key']}", shown["position"], shown["chunks"]) == \
        (name_of(home, content_id), 1, len(rows))
    assert f"part 1 of {len(rows)} of {name_of(home, content_id)}" in home("show",
                                                                           content_id).stdout
    assert home.json("show", ids(home)[1])["document"] is None
    with home.connect() as conn:
        conn.execute("DROP TABLE holder")
    check(home)


def test_a_summary_and_words_of_somebody_s_are_kept(home, tmp_path):
    load(home, tmp_path, long_row(1, summary='A "bay" of kelp.', word_count=7), long_row(2))
    first, second = ids(home)[1], ids(home)[2]
    home("rechunk")
    metadata = read(home, first)["metadata"]
    assert metadata == {"summary": 'A "bay" of kelp.', "word_count": 7}
    assert read(home, second)["metadata"] == {}


def test_a_summary_that_is_the_text(home, tmp_path):
    body = "漢字" * 240
    load(home, tmp_path, make_row(1, summary=body))
    content_id = ids(home)[1]
    assert home.json("rechunk")["documents"] == 1
    assert read(home, content_id, "--body")["body"] == body
    check(home)


def test_again_changes_nothing(home, tmp_path):
    load(home, tmp_path, long_row(1), long_row(2))
    assert home.json("rechunk")["documents"] == 2
    with home.connect() as conn:
        everything = "SELECT id, title, updated_at FROM content_metadata ORDER BY id"
        before = conn.execute(everything).fetchall()
        report = home.json("rechunk")
        assert (report["contents"], report["documents"], report["chunks"]) == (0, 0, 0)
        assert conn.execute(everything).fetchall() == before


def test_what_was_loaded_is_loaded_again(home, tmp_path):
    """The same rows are no change; a row with another text or summary is told."""
    rows = [long_row(1, summary="A bay.", word_count=3), make_row(2), long_row(3),
            long_row(4, created_at="2020-01-02T03:04:05Z"), make_row(5, summary="漢字" * 240)]
    load(home, tmp_path, *rows)
    assert home.json("rechunk")["documents"] == 4
    with home.connect() as conn:
        everything = "SELECT id, title, updated_at FROM content_metadata ORDER BY id"
        before = conn.execute(everything).fetchall()
        report = load(home, tmp_path, *rows, make_row(6, leaf="Others"))
        assert (report["rows_inserted"], report["rows_unchanged"]) == (1, 5)
        assert conn.execute(everything).fetchall()[:-1] == before
    for other in ({"title": "Another"}, {"body": "Short."}, {"summary": "Another."},
                  {"word_count": 8}, {"created_at": "2020-01-02T03:04:05Z"},
                  {"vector": [1.0] + [0.0] * 383}):
        path = write_rows(tmp_path / "other.jsonl", [{**long_row(3), **other},
                                                     make_row(7, leaf="Others")])
        assert "belongs to the document" in home.fails("conflict", "load", path)["message"]
    check(home)


def test_only_what_is_under_the_path(home, tmp_path):
    load(home, tmp_path, long_row(1), long_row(2, leaf="Others"), long_row(3, tree="subject2"))
    assert home.json("rechunk", "subject1/Testing/Loads/Others")["documents"] == 1
    assert home.json("rechunk", "subject1")["documents"] == 1
    assert home.json("rechunk")["documents"] == 1
    assert "Testing" in home.fails("not_found", "rechunk", "subject1/Tasting")["hint"]


def test_a_dry_run_tells_and_changes_nothing(home, tmp_path):
    load(home, tmp_path, long_row(1), make_row(2))
    told = home.json("rechunk", "--dry-run")
    assert told["dry_run"] and told["documents"] == 1
    assert not chunks(home, ids(home)[1]) and long_texts(home) == (1, True)
    assert home("rechunk", "--dry-run").stdout.count("would be split into") == 1
    done = home.json("rechunk")
    assert not done["dry_run"]
    assert [told[name] for name in ("documents", "chunks", "supplied")] == [
        done[name] for name in ("documents", "chunks", "supplied")]


def test_what_was_supplied_stays(home, tmp_path):
    load(home, tmp_path, long_row(1, vector=[1.0] + [0.0] * 383))
    done = home("rechunk")
    assert "1 long content not split: the vector was supplied" in done.stdout
    assert home.json("rechunk")["supplied"] == 1
    # Where the text has changed since, that vector is of nothing.
    with home.connect() as conn:
        conn.execute("UPDATE content_metadata SET title = 'Another'")
    home("sync")
    assert home.json("rechunk")["documents"] == 1


def test_what_cannot_be_split_is_told(home, tmp_path):
    load(home, tmp_path, long_row(1), long_row(2), long_row(3))
    huge, timeless, fine = (ids(home)[number] for number in (1, 2, 3))
    with home.connect() as conn:
        conn.execute("UPDATE grove.body SET body = repeat('word ', 1000000) WHERE content_id = %s",
                     (huge,))
        conn.execute("UPDATE content_metadata SET created_at = NULL WHERE id = %s", (timeless,))
    done = home("rechunk", "--json", check=False)
    assert done.returncode == 15
    report = json.loads(done.stdout)
    assert (report["documents"], report["refused"]) == (1, 2)
    reasons = {refusal["content_id"]: refusal["reason"] for refusal in report["refusals"]}
    assert "5000000 bytes" in reasons[huge] and "created_at" in reasons[timeless]
    assert f"content {huge} is left as it is" in done.stderr
    assert chunks(home, fine) and not chunks(home, huge) and not chunks(home, timeless)


def test_a_document_of_that_name_is_not_overwritten(home, tmp_path):
    load(home, tmp_path, long_row(1))
    content_id = ids(home)[1]
    source = name_of(home, content_id).split("/")[0]
    other = make_row(document=f"content-{content_id}", source=source, body="Short.")
    del other["summary"], other["chunk_number"]
    load(home, tmp_path, other)
    done = home("rechunk", "--json", check=False)
    assert done.returncode == 15
    assert "already" in json.loads(done.stdout)["refusals"][0]["reason"]
    assert read(home, content_id, "--body")["body"] == "Short."


def test_an_export_loads_elsewhere(home, tmp_path, filled):
    load(home, tmp_path, long_row(1, summary="A bay."))
    content_id = ids(home)[1]
    home("rechunk")
    exported = home("export", "subject1").stdout
    filled("load", "-", input=exported)
    name = name_of(home, content_id)
    one, other = (grove.json("document", name, "--body") for grove in (home, filled))
    for name in ("source", "key", "title", "body", "metadata"):
        assert one[name] == other[name], name
    assert len(one["chunks"]) == len(other["chunks"]) > 1


def test_beside_writers_and_readers(home, tmp_path):
    """Each content is found as one hit throughout, whole or split, and no change of a writer is
    lost."""
    words = [f"{first}{second}" for first in ("amber", "birch", "cedar", "dune")
             for second in ("gate", "hall", "lane", "mill")]
    load(home, tmp_path, *(long_row(number, body=with_tail(word, f"Here ends the {word}."))
                           for number, word in enumerate(words, 1)))
    by_number = ids(home)
    stop, failures = threading.Event(), []

    def search():
        while not stop.is_set():
            found = home.json("search", "words of the people", "--limit", "100")
            keys = {row["document"]["key"] if row["document"] else
                    f"content-{row['content_id']}" for row in found["results"]}
            if not found["complete"] or len(found["results"]) != len(words) or keys != {
                    f"content-{content_id}" for content_id in by_number.values()}:
                failures.append(found)

    def write():
        with home.connect() as conn:
            for number, content_id in by_number.items():
                conn.execute("UPDATE grove.body SET body = body || ' Changed.' WHERE content_id ="
                             " %s AND NOT EXISTS (SELECT FROM grove.chunk c WHERE c.content_id ="
                             " %s)", (content_id, content_id))

    threads = [threading.Thread(target=search), threading.Thread(target=write)]
    for thread in threads:
        thread.start()
    report = home.json("rechunk")
    threads[1].join()
    again = home.json("rechunk")
    stop.set()
    threads[0].join()
    assert not failures, failures[0]
    assert report["documents"] + again["documents"] == len(words)
    for content_id in by_number.values():
        rows = chunks(home, content_id)
        assert rows and all(row[6] for row in rows)
    check(home)


def changed_while_rechunked(home, statement, content_id):
    """How many contents a rechunk finds changed that waits for a transaction with the statement."""
    with home.connect() as conn, conn.transaction():
        conn.execute(statement, (content_id,))
        process = home.start("rechunk", "--json")
        with home.connect() as other:
            wait_until(lambda: other.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                       .fetchone()[0] > 0)
    told, _ = process.communicate(timeout=60)
    return json.loads(told)["changed"]


def test_a_change_that_is_under_way_is_waited_for(home, tmp_path):
    load(home, tmp_path, long_row(1))
    content_id = ids(home)[1]
    statement = "UPDATE grove.body SET body = 'Short.' WHERE content_id = %s"
    assert changed_while_rechunked(home, statement, content_id) == 1
    assert not chunks(home, content_id)
    with home.connect() as conn:
        assert conn.execute("SELECT body FROM grove.body").fetchall() == [("Short.",)]
    assert "changed meanwhile" not in home("rechunk").stdout


def test_a_body_that_comes_meanwhile_is_waited_for(home, tmp_path):
    load(home, tmp_path, make_row(1, summary="漢字" * 240))
    content_id = ids(home)[1]
    statement = "INSERT INTO grove.body VALUES (%s, 'Short.')"
    assert changed_while_rechunked(home, statement, content_id) == 1
    assert not chunks(home, content_id)


def test_stopped_it_goes_on(home, tmp_path):
    load(home, tmp_path, *(long_row(number) for number in range(1, 21)))
    process = home.start("rechunk", "--json")
    with home.connect() as conn:
        wait_until(lambda: conn.execute("SELECT count(*) > 2 FROM grove.document").fetchone()[0])
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 130, told
    part = json.loads(told.splitlines()[-1])["rechunk"]
    assert 2 < part["documents"] < 20
    assert home.json("rechunk")["documents"] == 20 - part["documents"]
    check(home)
