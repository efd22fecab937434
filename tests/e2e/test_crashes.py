# SPDX-License-Identifier: Apache-2.0
"""Writers, loads and searches that die or fail, at every point of their way; and that every row of
the tables about it, and every point, has its test."""

import ast
import contextlib
import pathlib
import re
import signal
import subprocess
import sys

import crashes
import pytest
from conftest import BINARY, ROOT, make_row, make_vector, wait_until, write_rows
from crashes import (ARCHITECTURE, CONTENT, EMBEDDED, INJECTED, PG, SYNC, VECTOR, at, end_leases,
                     home, keep_leases, kill, row)  # noqa: F401
from stores import COLLECTION, ask_engine, points_of, search_tells_all, stores_agree

pytestmark = pytest.mark.slow

# --- writers --------------------------------------------------------------------------------------

# A client of its own, which does what it is told and then waits to be killed.
WRITER = """
import psycopg, sys
conn = psycopg.connect(host=sys.argv[1], user="grove", dbname="grove")
conn.execute("INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, chunk_number,"
             " title, content_summary)"
             " SELECT 'religion_hierarchy', id, 'Note', %s, 'By a writer', ''"
             " FROM religion_hierarchy WHERE leaf = 'Traditions'", (int(sys.argv[2]),))
if sys.argv[3] == "after":
    conn.commit()
print(conn.info.backend_pid, flush=True)
sys.stdin.read()
"""


def everything(grove):
    """All that a writer could have left."""
    with grove.connect() as conn:
        return [conn.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in (
            "content_metadata", "grove.content_state", "grove.outbox", "grove.embedding")]


def start_writer(grove, chunk_number, when):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, grove.socket_folder(), str(chunk_number), when],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return writer, int(writer.stdout.readline())


def end_writer(grove, writer, backend, victim):
    with grove.connect() as conn:
        if victim == "client":
            kill(writer.pid)
        else:
            conn.execute("SELECT pg_terminate_backend(%s)", (backend,))
        wait_until(lambda: not conn.execute("SELECT pid FROM pg_stat_activity WHERE pid = %s",
                                            (backend,)).fetchone())
    writer.kill()
    writer.communicate()


@row(ARCHITECTURE, "writer, before COMMIT")
@pytest.mark.parametrize("victim", ["client", "connection"])
def test_a_writer_killed_before_commit(home, victim):
    before, points = everything(home), points_of(home)
    end_writer(home, *start_writer(home, 1, "before"), victim)
    assert everything(home) == before and points_of(home) == points
    search_tells_all(home)
    assert home.json("sync")["upserted"] == 0
    stores_agree(home)


@row(ARCHITECTURE, "writer, after COMMIT")
@pytest.mark.parametrize("victim", ["client", "connection"])
def test_a_writer_killed_after_commit(home, victim):
    contents = stores_agree(home)
    chunk_number = 2 if victim == "client" else 3
    end_writer(home, *start_writer(home, chunk_number, "after"), victim)
    with home.connect() as conn:
        assert conn.execute("SELECT m.chunk_number, m.title, o.lease_owner, o.deleted"
                            " FROM grove.outbox AS o JOIN content_metadata AS m"
                            " ON m.id = o.content_id").fetchall() == \
            [(chunk_number, "By a writer", None, False)]
    search_tells_all(home)
    assert home.json("sync")["upserted"] == 1
    assert stores_agree(home) == contents + 1


# --- loads ----------------------------------------------------------------------------------------

ROWS = 3  # of a file, and so of a batch


def write_files(tmp_path, leaf):
    """Two files, which are two batches; each has a row that must be embedded."""
    return [write_rows(tmp_path / name, [
        make_row(number, leaf=leaf, limb=name,
                 vector=None if number == 1 else make_vector(f"{leaf}{name}{number}"))
        for number in range(1, ROWS + 1)]) for name in ("first", "second")]


def loaded(grove, leaf):
    with grove.connect() as conn:
        return conn.execute("SELECT count(*) FROM content_metadata AS m JOIN subject1_hierarchy"
                            " AS l ON l.id = m.leaf_id AND hierarchy_table = 'subject1_hierarchy'"
                            " WHERE l.leaf = %s", (leaf,)).fetchone()[0]


def is_committed(point):
    return point in ("load-committed", "load-projected") or point.startswith("projector-")


def is_leased(point):
    return point.startswith("projector-") and point not in ("projector-lease",
                                                            "projector-acknowledged")


def load_again(grove, files, before):
    """The same command, after so many rows were committed: it does what is missing."""
    report = grove.json("load", *files)
    assert (report["rows_inserted"], report["rows_updated"], report["rows_unchanged"]) == \
        (2 * ROWS - before, 0, before)
    assert (report["rows_bad"], report["pending"]) == (0, 0)
    stores_agree(grove)
    search_tells_all(grove)


@row(ARCHITECTURE, "`grove load`, anywhere")
@row(CONTENT, "killed")
@at("load-begun", "load-leaves", "load-contents", "load-bodies", "load-vectors", "load-committed",
    "projector-lease", "projector-leased", "projector-read", "projector-embedded",
    "projector-stored", "projector-write", "projector-upserted", "projector-written",
    "projector-acknowledged", "load-projected")
def test_a_killed_load(home, tmp_path, point):
    leaf = f"killed at {point}"
    files = write_files(tmp_path, leaf)
    home.dies_at(f"{point}@2", "load", *files)
    before = 2 * ROWS if is_committed(point) else ROWS  # whole batches
    assert loaded(home, leaf) == before
    search_tells_all(home)
    if not is_leased(point) or point == "projector-read":  # the leases of the dead are none
        load_again(home, files, before)
        return
    keep_leases(home)
    report = home.json("load", *files, env={"GROVE_KNOBS": "load-patience-ms=1"})
    assert (report["rows_unchanged"], report["pending"]) == (before, ROWS)
    with home.held_at(["projector-lease@2"], "sync") as waiting:
        waiting.reach("projector-lease@2")  # it waits for the lease
        end_leases(home)
        if point == "projector-leased":  # either of them completes it
            waiting.go_on("projector-lease@2")
            waiting.finish()
            stores_agree(home)
    load_again(home, files, before)


@row(ARCHITECTURE, "`grove load`, anywhere")
@at("load-committed")
def test_a_killed_load_completed_by_sync(home, tmp_path, point):
    files = write_files(tmp_path, "completed by sync")
    home.dies_at(f"{point}@2", "load", *files)
    assert home.json("sync")["upserted"] == ROWS
    stores_agree(home)
    load_again(home, files, 2 * ROWS)


@row(CONTENT, "another projector has rows leased")
@at("projector-leased")
def test_a_load_waits_for_a_while(home, tmp_path, point):
    """For another projector, which gets done in time, or not."""
    files = write_files(tmp_path, "leased")
    home("load", *files)
    with home.connect() as conn:
        conn.execute("UPDATE content_metadata SET word_count = 7 WHERE leaf_id IN"
                     " (SELECT id FROM subject1_hierarchy WHERE leaf = 'leased')")
    with home.held_at([point], "sync") as other:
        other.reach(point)
        done = home("load", *files, env={"GROVE_KNOBS": "load-patience-ms=1"})
        assert "6 pending: run grove sync" in done.stderr
        with home.held_at(["projector-lease@2"], "load", *files) as load:
            load.reach("projector-lease@2")  # it tries again
            other.go_on(point)
            other.finish()
            load.go_on("projector-lease@2")
            load.finish()
    load_again(home, files, 2 * ROWS)


BEFORE_COMMIT = ("load-begun", "load-leaves", "load-contents", "load-bodies", "load-vectors")


@row(CONTENT, "the connection is lost, a deadlock")
@at("load-begun", "load-leaves", "load-contents", "load-bodies", "load-vectors")
def test_a_load_that_fails_before_its_commit(home, tmp_path, point):
    """Once: it tries again. Always: nothing is written."""
    leaf = f"failed at {point}"
    files = write_files(tmp_path, leaf)
    before = everything(home)
    answer = home.fails_at(point, "load", *files)
    assert answer["error"]["retry"] == "later" and answer["load"]["rows_inserted"] == 0
    assert everything(home) == before and loaded(home, leaf) == 0
    search_tells_all(home)
    report = home.json("load", *files, env={"GROVE_INJECT": f"{point}=fail@2"})
    assert (report["rows_inserted"], report["rows_projected"]) == (2 * ROWS, 2 * ROWS)
    stores_agree(home)
    load_again(home, files, 2 * ROWS)


@row(CONTENT, "killed")
@at("load-document", "projector-leased")
def test_a_killed_load_of_a_document(home, tmp_path, point):
    body = "\n\n".join(f"## Part {n}\n\n" + "It is told in a few words. " * 8 for n in range(5))
    row = make_row(1, document=f"killed {point}", body=body, leaf=f"documents {point}")
    for field in ("summary", "chunk_number"):
        del row[field]
    path = write_rows(tmp_path / f"{point}.jsonl", [row])
    before = everything(home)
    home.dies_at(point, "load", path)
    assert (everything(home) == before) == (point == "load-document")
    report = home.json("load", path)
    assert report["chunks_written" if point == "load-document" else "chunks_kept"] >= 5
    stores_agree(home)
    search_tells_all(home)


@row(ARCHITECTURE, "`grove rechunk`, anywhere")
@at("load-document", "projector-lease", "projector-written")
def test_a_killed_rechunk(home, tmp_path, point):
    """A content is whole, or a document whose chunks have vectors."""
    place = f"subject1/Testing/Loads/killed {point}"
    path = write_rows(tmp_path / f"{point}.jsonl", [
        make_row(number, body="It is told in a few words. " * 60, leaf=f"killed {point}")
        for number in (1, 2)])
    home("load", path)
    home.dies_at(point, "rechunk", place)
    with home.connect() as conn:
        chunks, vectors = conn.execute(
            "SELECT count(*), count(e.vector) FROM grove.chunk AS c"
            " JOIN content_metadata AS m ON m.id = c.content_id"
            " JOIN subject1_hierarchy AS l ON l.id = m.leaf_id"
            " LEFT JOIN grove.embedding AS e ON e.content_id = m.id WHERE l.leaf = %s",
            (f"killed {point}",)).fetchone()
    assert chunks == vectors and (chunks > 0) == (point != "load-document")
    search_tells_all(home)
    report = home.json("rechunk", place)
    assert report["documents"] == (2 if point == "load-document" else 0)
    home("sync")
    stores_agree(home)


@row(CONTENT, "the engine or the model fails after the commit")
@at("load-committed", "projector-leased", "projector-read", "projector-written",
    "projector-acknowledged", "load-projected")
def test_a_load_that_fails_after_its_commit(home, tmp_path, point):
    leaf = f"failed at {point}"
    files = write_files(tmp_path, leaf)
    answer = home.fails_at(f"{point}@2", "load", *files)
    assert answer["error"]["retry"] == "later"
    assert answer["load"]["rows_inserted"] == loaded(home, leaf) == 2 * ROWS
    if point.startswith("projector-"):
        assert "the rows are in PostgreSQL" in answer["error"]["hint"]
    search_tells_all(home)
    if point == "projector-leased":  # nothing real fails there: only this one keeps its lease
        end_leases(home)
    load_again(home, files, 2 * ROWS)


# --- searches -------------------------------------------------------------------------------------

SEARCH = ("search", "candles", "--limit", 20, "--explain")


@pytest.fixture
def pending(home):
    """A content that is not in the engine yet: what home holds, then. A search has been there, and
    has kept the content's vector: those that follow change nothing."""
    with home.connect() as conn:
        conn.execute("UPDATE content_metadata SET title = title || '!' WHERE id ="
                     " (SELECT min(id) FROM content_metadata)")
    home.json(*SEARCH)
    return everything(home), points_of(home)

@at("search-embedded", "search-resolved", "search-planned", "search-hits", "search-scored",
    "search-ranked", "search-hydrated")
def test_a_killed_search(home, pending, point):
    home.dies_at(point, *SEARCH)
    assert (everything(home), points_of(home)) == pending
    assert search_tells_all(home)["degraded"] is False


@at("search-embedded", "search-resolved", "search-planned", "search-hits", "search-part",
    "search-scored", "search-ranked", "search-hydrated")
def test_a_search_that_fails(home, pending, point):
    assert home.fails_at(point, *SEARCH)["error"]["retry"] == "later"
    assert (everything(home), points_of(home)) == pending
    assert search_tells_all(home)["degraded"] is False


@at("search-texts")
def test_a_search_that_ends_while_it_embeds(home, point):
    with home.connect() as conn:
        conn.execute("UPDATE content_metadata SET title = title || '?' WHERE id ="
                     " (SELECT min(id) FROM content_metadata)")
    before = everything(home), points_of(home)
    home.dies_at(point, *SEARCH)
    assert home.fails_at(point, *SEARCH)["error"]["retry"] == "later"
    assert (everything(home), points_of(home)) == before
    assert search_tells_all(home)["degraded"] is False


# --- that the comparison sees ---------------------------------------------------------------------

HARM = {  # to a point: id, payload, vector
    "lost": None,
    "stranger": lambda number, payload, vector: (number + 10 ** 6, payload, vector),
    "older": lambda number, payload, vector: (number, {**payload, "revision": 1}, vector),
    "moved": lambda number, payload, vector: (number, {**payload, "leaf_id": 10 ** 6}, vector),
    "undated": lambda number, payload, vector:
        (number, {**payload, "created_at": "2001-01-01T00:00:00Z"}, vector),
    "turned": lambda number, payload, vector: (number, payload, [-vector[0], *vector[1:]]),
}


@pytest.mark.parametrize("harm", HARM)
def test_a_harmed_point_is_seen(home, harm):
    def write(number, payload, vector):
        ask_engine(home, "PUT", f"/collections/{COLLECTION}/points?wait=true",
                   {"points": [{"id": number, "payload": payload, "vector": vector}]})

    def remove(number):
        ask_engine(home, "POST", f"/collections/{COLLECTION}/points/delete?wait=true",
                   {"points": [number]})

    number, point = min(points_of(home).items())
    if harm == "lost":
        remove(number)
    else:
        write(*HARM[harm](number, *point))
    with pytest.raises(AssertionError):
        stores_agree(home)
    if harm == "stranger":
        remove(number + 10 ** 6)
    write(number, *point)
    stores_agree(home)


@pytest.mark.parametrize("harm", [
    "INSERT INTO grove.outbox (content_id, revision, deleted, dead_since, last_error)"
    " VALUES (0, 1, true, clock_timestamp(), 'none')",
    "INSERT INTO grove.content_count SELECT * FROM grove.content_count LIMIT 1",
    "INSERT INTO grove.content_state VALUES (0, 1)",
    "UPDATE grove.embedding SET text_sha256 = sha256('') WHERE content_id ="
    " (SELECT min(content_id) FROM grove.embedding)"])
def test_a_harmed_table_is_seen(home, monkeypatch, harm):
    with home.connect() as conn, conn.transaction(force_rollback=True):
        conn.execute(harm)
        monkeypatch.setattr(home, "connect", lambda: contextlib.nullcontext(conn))
        with pytest.raises(AssertionError):
            stores_agree(home)
    monkeypatch.undo()
    stores_agree(home)


# --- that nothing is left out ---------------------------------------------------------------------

def marks():
    """What row() and at() say of the tests: (rows, points)."""
    rows, points = set(), set()
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
                continue
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name):
                    if mark.func.id == "row":
                        document, words = mark.args
                        rows.add((getattr(crashes, document.id), ast.literal_eval(words)))
                    elif mark.func.id in ("at", "through"):
                        points.update(ast.literal_eval(point) for point in mark.args)
    return rows, points


def first_cells(document, heading):
    """The first cells of the table below a heading."""
    text = (ROOT / document).read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (.*?) \|", text, re.M)
    assert len(cells) > 2
    return {(document, cell) for cell in cells[1:]}  # the first is the table's head


def test_every_row_has_its_test():
    """And every test that names a row of a table has one there."""
    wanted = first_cells(ARCHITECTURE, "Crash table") | first_cells(SYNC, "Failures")
    others = set().union(*(first_cells(document, "Failures")
                           for document in (CONTENT, PG, VECTOR, EMBEDDED)))
    wanted |= {(document, words) for document, words in others if "kill" in words}
    rows, _ = marks()
    assert wanted - rows == set()
    assert rows - wanted - others == set()


def points_of_the_code():
    table = (ROOT / "src" / "base" / "inject.h").read_text()
    names = re.findall(r'^ +POINT\((\w+), "', table, re.M)
    assert len(names) == len(set(names)) > 20
    return names


def test_every_point_is_reached():
    """Each is armed by a test; a test that arms one fails where the command does not come by."""
    _, points = marks()
    assert points == {name.lower().replace("_", "-") for name in points_of_the_code()}


def test_every_point_and_knob_is_in_the_code_once():
    code = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.c")
                     if path.name != "inject.c")
    assert sorted(re.findall(r"\bINJECT\((\w+)", code)) == sorted(points_of_the_code())
    knobs = re.findall(r'^ +KNOB_\((\w+),\s*"', (ROOT / "src" / "base" / "inject.h").read_text(),
                       re.M)
    assert sorted(re.findall(r"\bKNOB\((\w+)", code)) == sorted(knobs) and len(knobs) > 2


def test_users_get_none_of_it(home):
    product = pathlib.Path(BINARY).resolve()
    for made in (product, product.parent / "libgrove.so"):
        for trace in (b"inject_reached", b"GROVE_INJECT", b"GROVE_KNOBS", b"a test had"):
            found = trace in INJECTED.read_bytes(), trace in made.read_bytes()
            assert found == (True, False), (made, trace)
    for settings in ({"GROVE_INJECT": "search-embedded=die"}, {"GROVE_INJECT": "no-such=point"},
                     {"GROVE_KNOBS": "no-such=1"}):
        env = {**home.env, **settings}
        ended = [subprocess.run([command, "search", "x"], env=env, capture_output=True, check=False)
                 .returncode for command in (product, INJECTED)]
        assert ended[0] == 0 and ended[1] in (-signal.SIGKILL, -signal.SIGABRT), (settings, ended)
