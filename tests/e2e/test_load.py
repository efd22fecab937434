# SPDX-License-Identifier: Apache-2.0
"""Loading files: what goes in, what changes, what a second time does."""

import gzip
import json
import os
import signal
import subprocess

import pytest
from conftest import EXIT_STATUS, make_row, make_vector, wait_until, write_rows
from crashes import Injected
from stores import stores_agree

BATCH = 1024  # rows in one transaction


def counts(report):
    return tuple(report[f"rows_{kind}"] for kind in ("inserted", "updated", "unchanged", "bad"))


def rows_of(conn, tree):
    return conn.execute("SELECT count(*) FROM content_metadata WHERE hierarchy_table = %s",
                        (f"{tree}_hierarchy",)).fetchone()[0]


def state_of(conn, tree):
    return conn.execute("""
        SELECT m.*, s.revision, b.body, e.text_sha256, e.origin, e.vector, e.created_at
        FROM content_metadata m JOIN grove.content_state s ON s.content_id = m.id
        LEFT JOIN grove.body b ON b.content_id = m.id
        LEFT JOIN grove.embedding e ON e.content_id = m.id
        WHERE hierarchy_table = %s ORDER BY m.id""", (f"{tree}_hierarchy",)).fetchall()


@pytest.fixture(autouse=True)
def whole(empty):
    """After every test both stores keep what they promise."""
    yield
    assert empty.broken() == ""


def test_nothing_is_there_yet(empty):
    for command in (["browse", "religion"], ["search", "x"], ["search", "x", "--path", "religion"],
                    ["discover", "x"]):
        done = empty(*command)
        assert "nothing matches" in done.stdout and "demo" not in done.stdout
        assert ("grove ls" if "religion" in command else "grove demo") in done.stderr
        assert "grove load" in done.stderr
        assert empty(*command, "--json").stderr == ""
    assert empty("search", "x", "--type", "Doctrine").stderr == ""


def test_contents_are_counted_when_a_load_has_doubled_them(empty, tmp_path):
    """Else PostgreSQL reads all contents of a leaf for each that is loaded."""
    rows = write_rows(tmp_path / "rows.jsonl",
                      [make_row(n, vector=make_vector(n), leaf="Counted")
                       for n in range(1, 3 * BATCH + 1)])
    counted = "SELECT reltuples FROM pg_class WHERE oid = 'public.content_metadata'::regclass"
    with empty.connect() as conn:
        conn.execute("ALTER TABLE content_metadata SET (autovacuum_enabled = off)")
        conn.execute("UPDATE pg_class SET reltuples = -1"
                     " WHERE oid = 'public.content_metadata'::regclass")
        conn.commit()
        try:
            empty("load", write_rows(tmp_path / "few.jsonl", [make_row(9, leaf="Another")]))
            assert conn.execute(counted).fetchone()[0] == -1
            empty("load", rows)
            assert conn.execute(counted).fetchone()[0] == 2 * BATCH + 1
        finally:
            conn.execute("ALTER TABLE content_metadata RESET (autovacuum_enabled)")
            conn.execute("DELETE FROM content_metadata")
            conn.commit()
    empty("sync")


def test_counts_are_folded_at_the_end_of_a_load(empty, tmp_path):
    """Else whoever browses adds up one of each batch for each leaf."""
    rows = write_rows(tmp_path / "rows.jsonl",
                      [make_row(n, vector=make_vector(n), leaf="Folded")
                       for n in range(1, 4 * BATCH + 1)])
    empty("load", rows)
    with empty.connect() as conn:
        assert conn.execute("SELECT contents FROM grove.content_count").fetchall() == [(4 * BATCH,)]
        conn.execute("DELETE FROM content_metadata")
        conn.commit()
    empty("sync")


def test_loading_twice_changes_nothing(empty, tmp_path):
    rows = [make_row(n, vector=make_vector(n)) for n in range(1, 291)]
    rows += [make_row(n, leaf=f"Leaf {n}", body=f"Some words about row {n}.")
             for n in range(291, 301)]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    first = empty.json("load", path)
    assert counts(first) == (300, 0, 0, 0)
    assert (first["rows_read"], first["leaves_created"], first["rows_embedded"]) == (300, 11, 10)
    assert first["rows_projected"] == 300 and first["bytes_read"] == path.stat().st_size
    with empty.connect() as conn:
        before = state_of(conn, "subject1")
        again = empty.json("load", path)
        assert state_of(conn, "subject1") == before
        assert conn.execute("SELECT count(*) FROM grove.outbox").fetchone() == (0,)
    assert counts(again) == (0, 0, 300, 0)
    assert (again["leaves_created"], again["rows_embedded"], again["rows_projected"]) == (0, 0, 0)
    status = empty.json("status")
    assert status["contents"] == status["engine"]["points"] == 300


def test_compressed_piped_and_several_files(empty, tmp_path):
    def rows(first):
        return [make_row(n, tree="subject2", vector=make_vector(n))
                for n in range(first, first + 5)]

    plain = write_rows(tmp_path / "a.jsonl", rows(1))
    packed = tmp_path / "b.jsonl.gz"  # of two members, as `cat a.gz b.gz` makes them
    packed.write_bytes(gzip.compress(write_rows(tmp_path / "b", rows(6)).read_bytes()) +
                       gzip.compress(write_rows(tmp_path / "c", rows(11)).read_bytes()))
    assert counts(empty.json("load", plain, packed)) == (15, 0, 0, 0)
    piped = write_rows(tmp_path / "d", rows(16)).read_bytes()
    assert counts(json.loads(empty("load", "-", "--json", input=piped).stdout)) == (5, 0, 0, 0)
    both = gzip.compress(piped + write_rows(tmp_path / "e", rows(21)).read_bytes())
    assert counts(json.loads(empty("load", "-", "--json", input=both).stdout)) == (5, 0, 5, 0)
    # From another system, or by hand: CRLF, a byte order mark, empty lines, no end of line.
    foreign = "\ufeff" + "\r\n\r\n".join(json.dumps(row) for row in rows(26))
    assert counts(json.loads(empty("load", "-", "--json", input=foreign.encode()).stdout)) == \
        (5, 0, 0, 0)
    with empty.connect() as conn:
        assert rows_of(conn, "subject2") == 30


def test_texts_and_their_defaults(empty, tmp_path):
    long_body = "  Éveil \n\n of  the\tsleepers. " + "and so on " * 100
    rows = [
        make_row(1, summary=None, body=long_body),
        make_row(2, summary=None, body=" A short\n body. "),
        make_row(3, summary="Given.", body="Four words of body.", word_count=7,
                 created_at="2020-02-29T12:00:00+02:00"),
        make_row(4, summary="Only a summary here.", chunk_number=4, body=None, vector=None),
        make_row(5, summary=None, body="x" * 600),
    ]
    del rows[1]["chunk_number"]
    for row in rows:
        row["tree"] = "subject3"
    rows[1]["content_type"] = "Note"  # of its own: its chunk is number 1, too
    assert counts(empty.json("load", write_rows(tmp_path / "x", rows))) == (5, 0, 0, 0)
    with empty.connect() as conn:
        made = {title: rest for title, *rest in conn.execute("""
            SELECT title, content_summary, body, chunk_number, word_count, created_at::text
            FROM content_metadata m LEFT JOIN grove.body b ON b.content_id = m.id
            WHERE hierarchy_table = 'subject3_hierarchy'""").fetchall()}
    summary, body, _, words, _ = made["Row 1"]
    assert body == long_body and words == len(long_body.split())
    assert summary.startswith("Éveil of the sleepers. and so on") and 480 < len(summary) <= 500
    assert summary.endswith((" and…", " so…", " on…"))
    assert made["Row 2"][:4] == ["A short body.", " A short\n body. ", 1, 3]
    assert made["Row 3"] == ["Given.", "Four words of body.", 3, 7, "2020-02-29 10:00:00"]
    assert made["Row 4"][:4] == ["Only a summary here.", None, 4, 4]
    assert made["Row 5"][0] == "x" * 499 + "…"


def test_given_vectors_are_searched(empty, tmp_path):
    wool = empty.json("embed", "the price of wool in autumn")["vector"]
    row = make_row(1, tree="subject4", title="Volcanoes", summary="Lava and ash.",
                   vector=[3 * x for x in wool])  # of any length: only the direction counts
    path = write_rows(tmp_path / "x", [row])
    empty("load", path)

    def best():
        hits = empty.json("search", "the price of wool in autumn", "--path", "subject4")["results"]
        return hits[0]["title"], hits[0]["score"]

    assert best() == ("Volcanoes", pytest.approx(1, abs=1e-5))
    # Without its vector the row is the same; with another text the vector is no longer its own.
    assert counts(empty.json("load", write_rows(path, [{**row, "vector": None}]))) == (0, 0, 1, 0)
    assert best()[1] == pytest.approx(1, abs=1e-5)
    changed = {**row, "vector": None, "summary": "Lava, ash and smoke."}
    assert counts(empty.json("load", write_rows(path, [changed]))) == (0, 1, 0, 0)
    assert best()[1] < 0.5
    assert counts(empty.json("load", write_rows(path, [{**row, "vector": wool}]))) == (0, 1, 0, 0)
    assert best()[1] == pytest.approx(1, abs=1e-5)


def test_a_dead_letter_that_is_loaded_again_is_tried_again(empty, tmp_path):
    path = write_rows(tmp_path / "x", [make_row(9001, vector=make_vector(9001))])
    assert empty.json("load", path)["pending"] == 0
    with empty.connect() as conn:
        conn.execute("""
            INSERT INTO grove.outbox (content_id, revision, deleted, attempts, last_error,
                                      dead_since)
            SELECT m.id, s.revision, false, 8, 'refused', clock_timestamp()
            FROM content_metadata m JOIN grove.content_state s ON s.content_id = m.id
            WHERE chunk_number = 9001""")
        assert empty.json("sync")["dead"] == 1
        report = empty.json("load", path)
        assert (report["rows_unchanged"], report["rows_projected"]) == (1, 1)
        assert conn.execute("SELECT count(*) FROM grove.outbox").fetchone() == (0,)


def test_changed_rows_are_updated(empty, tmp_path):
    rows = [make_row(n, tree="subject5", body=f"Body {n}.") for n in range(1, 7)]
    path = write_rows(tmp_path / "x", rows)
    empty("load", path)
    with empty.connect() as conn:
        before = {row[0]: row for row in state_of(conn, "subject5")}
        rows[0]["title"] = "The taming of horses"
        rows[1]["body"] = "Another body."
        rows[2]["body"] = None
        rows[3]["word_count"] = 99
        report = empty.json("load", write_rows(path, rows))
        after = {row[0]: row for row in state_of(conn, "subject5")}
    assert counts(report) == (0, 4, 2, 0) and report["rows_projected"] == 4
    assert set(after) == set(before)
    assert sum(after[number] != before[number] for number in before) == 4
    found = empty.json("search", "breaking in a young horse", "--path", "subject5")["results"]
    assert found[0]["title"] == "The taming of horses" and len(found) == 6
    assert len(empty.json("search", "row", "--path", "subject5", "--min-words", 99)["results"]) == 1


def test_names_may_have_slashes(empty, tmp_path):
    row = make_row(1, tree="subject6", branch="either/or", limb="back\\slash", leaf="a/b")
    empty("load", write_rows(tmp_path / "x", [row]))
    for path in (r"subject6/either\/or", r"subject6/either\/or/back\\slash/a\/b"):
        assert empty.json("browse", path)["total"] == 1


def test_strict_loads_all_or_nothing(empty, tmp_path):
    rows = [make_row(n, tree="subject7", leaf=f"Leaf {n}", vector=make_vector(n))
            for n in range(1, 301)]
    path = write_rows(tmp_path / "x", [*rows, make_row(301, tree="subject7", title="")])
    answer = empty.failure("invalid", "load", "--strict", path)
    assert answer["error"]["message"] == f"{path}:301: title: empty"
    assert "nothing was loaded" in answer["error"]["hint"]
    assert counts(answer["load"]) == (0, 0, 0, 1)
    error = empty.fails("invalid", "load", "--strict", "-", input=path.read_bytes())
    assert error["message"] == "standard input:301: title: empty"
    with empty.connect() as conn:
        assert rows_of(conn, "subject7") == 0
        assert conn.execute("SELECT count(*) FROM subject7_hierarchy").fetchone() == (0,)
    good = write_rows(path, rows[:2]).read_bytes()
    report = empty("load", "--strict", "-", "--json", input=good).stdout
    assert counts(json.loads(report)) == (2, 0, 0, 0)
    # All files are checked before the first is loaded.
    second = write_rows(tmp_path / "y", [b"{"])
    error = empty.fails("invalid", "load", "--strict", write_rows(path, rows[:9]), second)
    assert error["message"].startswith(f"{second}:1: not JSON")
    with empty.connect() as conn:
        assert rows_of(conn, "subject7") == 2


def test_what_is_said(empty, tmp_path):
    path = write_rows(tmp_path / "x", [make_row(1, vector=make_vector(1)), b"{"])
    done = empty("load", path, check=False)
    assert done.stdout.startswith("read 2 rows, loaded 1 and refused 1, in ")
    assert done.stderr == f"{path}:2: not JSON: " + done.stderr.split("not JSON: ")[1]
    assert done.stderr.count("\n") == 1 and "\r" not in done.stderr and "\x1b" not in done.stderr
    done = empty("load", write_rows(path, [make_row(1, vector=make_vector(1))]))
    assert done.stdout.startswith("read 1 row in ") and "1 unchanged" in done.stdout
    assert "nothing to load" in empty("load", write_rows(path, [])).stdout


def test_interrupted(empty, tmp_path):
    batch = 256
    total = 3 * batch + 40
    path = write_rows(tmp_path / "many", [
        make_row(n, tree="subject8", leaf=f"Leaf {n % 40}", vector=make_vector(n))
        for n in range(1, total + 1)])
    with Injected(empty.home).held_at(["load-committed@2"], "load", path,
                                      env={"GROVE_KNOBS": f"load-rows={batch}"}) as load:
        load.reach("load-committed@2")
        load.process.send_signal(signal.SIGINT)
        load.go_on("load-committed@2")
        answer = json.loads(load.finish("cancelled"))
    assert EXIT_STATUS["cancelled"] == 130 and answer["error"]["code"] == "cancelled"
    assert answer["error"]["message"] == "stopped on request"
    assert "the same command again goes on" in answer["error"]["hint"]
    # Whole batches, searchable ones: nothing is left over for others to complete.
    there = 2 * batch
    assert answer["load"]["rows_inserted"] == there
    with empty.connect() as conn:
        assert rows_of(conn, "subject8") == there
    stores_agree(empty)
    # On a terminal there is a bar, gone again at the end.
    status, shown = empty.on_terminal("load", path, columns=100)
    assert status == 0 and "rows/s" in shown and "\r" in shown
    last = shown.rsplit("\r", 1)[-1]
    assert f"{total - there:,} inserted, {there:,} unchanged" in last
    assert empty.json("browse", "subject8", "--limit", "1")["total"] == total


def test_a_load_that_ends_for_a_silent_engine_tells_what_is_loaded(empty, tmp_path):
    """Before its first row, and after two batches of which the second did not reach the engine."""
    rows = [json.dumps(make_row(n, tree="subject3", vector=make_vector(n))) + "\n"
            for n in range(1, 2 * BATCH + 1)]
    empty("stop")
    empty("search", "anything")
    engine = empty.processes()["vectors"]
    with subprocess.Popen([*empty.command, "--json", "load", "-"], env=empty.env, text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.writelines(rows[:BATCH + 50])
        process.stdin.flush()

        def committed():
            with empty.connect() as conn:
                return rows_of(conn, "subject3") >= BATCH and not empty.json("status")["pending"]

        wait_until(committed)
        os.kill(engine, signal.SIGSTOP)
        try:
            process.stdin.writelines(rows[BATCH + 50:])
            process.stdin.close()
            said = json.loads(process.stdout.read())
            again = empty("load", "--json", write_rows(tmp_path / "more", [make_row(999)]),
                          check=False)
        finally:
            os.kill(engine, signal.SIGCONT)
    loaded = said["load"]["rows_loaded"]
    assert loaded == 2 * BATCH and said["error"]["code"] in ("timeout", "unavailable")
    hint = said["error"]["hint"]
    assert f"{2 * BATCH} rows are loaded so far; the same command again goes on" in hint
    assert "nothing was loaded so far" in json.loads(again.stdout)["error"]["hint"]
