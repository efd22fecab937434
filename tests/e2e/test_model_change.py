# SPDX-License-Identifier: Apache-2.0
"""A change of the database's model at once harms no writer, at any isolation level, and takes every
content along, whoever writes meanwhile and wherever it dies."""

import array
import contextlib
import math
import signal
import threading

import psycopg
import pytest
from conftest import make_row, make_vector, wait_until, write_rows
from crashes import ARCHITECTURE, SYNC, at, end_leases, home, row  # noqa: F401
from stores import search_tells_all, stores_agree

LEVELS = [psycopg.IsolationLevel.READ_COMMITTED, psycopg.IsolationLevel.REPEATABLE_READ,
          psycopg.IsolationLevel.SERIALIZABLE]
PRECISIONS = {"reduced": "all-MiniLM-L6-v2/int8", "f32": "all-MiniLM-L6-v2/f32"}
ROWS = 60

INSERT = """
    INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, chunk_number, title,
                                  content_summary, word_count)
    SELECT hierarchy_table, leaf_id, %s, %s, 'New', 'Written while the model changes.', 0
    FROM content_metadata WHERE id = %s
"""


@pytest.fixture(scope="module")
def loaded(shared):
    rows = [make_row(n, body=f"Suffering number {n} ends when its cause, number {n + 1}, ends.")
            for n in range(1, ROWS + 1)]
    rows += [make_row(500 + n, vector=make_vector(n)) for n in range(3)]
    shared("load", write_rows(shared.home.parent / "many.jsonl", rows))
    return shared


@contextlib.contextmanager
def writer(grove, level):
    """A session of a program that knows nothing of grove. Its rows are its own: whatever lock it
    has to wait for, and be it for a moment, is somebody else's doing."""
    with psycopg.connect(host=grove.socket_folder(), user="grove", dbname="grove") as conn:
        conn.execute("SET lock_timeout = '500ms'")
        conn.commit()
        conn.isolation_level = level
        yield conn


def change(grove, precision, **options):
    return grove.json("init", "--precision", precision, "--now", "--timeout", "20s", **options)


def agree(grove, precision):
    """All contents are projected with the vectors of this model."""
    report = grove.json("sync")
    assert (report["pending"], report["dead"]) == (0, 0), report
    assert grove.json("status")["model"] == PRECISIONS[precision]
    stores_agree(grove)  # the vectors that it compares are of the database's model
    assert grove.broken() == ""


def ids_of(grove):
    with grove.connect() as conn:
        return [row[0] for row in conn.execute("SELECT id FROM content_metadata ORDER BY id")]


def write(conn, number, chunk, name):
    """What a writer does in a transaction, more than once in it, of rows of its own."""
    conn.execute("UPDATE content_metadata SET title = CASE WHEN length(title) < 150"
                 " THEN title || '!' ELSE rtrim(title, '!') END WHERE id = %s", (number,))
    conn.execute("UPDATE grove.body SET body = body || '!' WHERE content_id = %s", (number,))
    conn.execute(INSERT, (name, chunk, number))
    conn.execute("UPDATE content_metadata SET word_count = word_count + 1 WHERE content_type = %s",
                 (name,))


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_a_writer_with_an_older_snapshot_goes_on(loaded, level):
    numbers = ids_of(loaded)
    with writer(loaded, level) as conn:
        conn.execute("SELECT count(*) FROM content_metadata").fetchone()
        changed = change(loaded, "reduced")
        assert changed["queued"] == len(numbers)
        write(conn, numbers[0], 1, f"Snapshot {level.name}")
        loaded("sync")
        write(conn, numbers[1], 2, f"Snapshot {level.name}")
        conn.execute("DELETE FROM content_metadata WHERE id = %s", (numbers[2],))
        conn.commit()
    agree(loaded, "reduced")
    change(loaded, "f32")
    agree(loaded, "f32")


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_a_change_waits_for_no_writer(loaded, level):
    """And the writer goes on, in any order of its rows, and takes one away."""
    numbers = ids_of(loaded)
    with writer(loaded, level) as conn:
        write(conn, numbers[-1], 1, f"Busy {level.name}")
        assert change(loaded, "reduced")["queued"] == len(numbers)
        loaded("sync")
        write(conn, numbers[0], 2, f"Busy {level.name}")
        conn.execute("DELETE FROM content_metadata WHERE id = %s", (numbers[-2],))
        conn.commit()
    agree(loaded, "reduced")
    change(loaded, "f32")
    agree(loaded, "f32")


def test_a_load_beside_a_change_keeps_its_vectors(loaded):
    """Those that came with the rows of a load which began before the change: they are the same
    vectors with the new model."""
    vector = make_vector(77)
    with psycopg.connect(host=loaded.socket_folder(), user="grove", dbname="grove") as conn:
        (number,) = conn.execute("SELECT id FROM content_metadata WHERE chunk_number = 500"
                                 ).fetchone()
        conn.execute("UPDATE grove.embedding SET vector = %s, revision = s.revision"
                     " FROM grove.content_state AS s WHERE s.content_id = embedding.content_id"
                     " AND embedding.content_id = %s", (array.array("f", vector).tobytes(), number))
        conn.execute("SELECT grove.note_changed(ARRAY[%s])", (number,))
        change(loaded, "reduced")
        loaded("sync")
        conn.commit()
    # A search knows it before any projector does.
    query = loaded.json("embed", "--precision", "reduced", "candles")["vector"]
    found = {hit["content_id"]: hit["score"] for hit in search_tells_all(loaded)["results"]}
    assert found[number] == pytest.approx(cosine(query, vector), abs=1e-5)
    agree(loaded, "reduced")
    change(loaded, "f32")
    agree(loaded, "f32")


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) *
                                                        sum(y * y for y in b))


class Writers:
    """Writers of each level that write on and on, until they are told to end; what failed."""

    def __init__(self, grove):
        self.grove, self.ending, self.failures = grove, threading.Event(), []
        self.rounds = dict.fromkeys(LEVELS, 0)
        numbers = ids_of(grove)
        self.threads = [threading.Thread(target=self.run, args=(level, numbers[index * 8 + 8:][:8]))
                        for index, level in enumerate(LEVELS)]

    def run(self, level, numbers):
        try:
            with writer(self.grove, level) as conn:
                while not self.ending.is_set():
                    self.rounds[level] += 1
                    name = f"Storm {level.name} {self.rounds[level]}"
                    for place, number in enumerate(numbers):
                        write(conn, number, place + 1, name)
                    if self.rounds[level] % 3 == 0:
                        conn.execute("DELETE FROM content_metadata WHERE content_type LIKE %s",
                                     (f"Storm {level.name} %",))
                    conn.commit()
        except psycopg.Error as error:
            self.failures.append((level.name, self.rounds[level], error.sqlstate, str(error)))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *unused):
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def go_on(self):
        """Until each has begun and ended a transaction since."""
        before = dict(self.rounds)
        wait_until(lambda: self.failures or all(self.rounds[level] > before[level] + 1
                                                for level in LEVELS))


def test_changes_beside_writers_and_projectors(loaded):
    """Writers at all levels, two projectors, and the model changes back and forth."""
    watchers = [loaded.start("sync", "--watch") for _ in range(2)]
    try:
        with Writers(loaded) as writers:
            for precision in ("reduced", "f32", "reduced"):
                writers.go_on()
                change(loaded, precision)
                writers.go_on()
                with contextlib.suppress(AssertionError):  # it may say that it is not complete
                    search_tells_all(loaded)
        assert writers.failures == []
        assert min(writers.rounds.values()) > 3
    finally:
        for watcher in watchers:
            watcher.send_signal(signal.SIGTERM)
        for watcher in watchers:
            watcher.communicate(timeout=60)
    end_leases(loaded)
    agree(loaded, "reduced")
    search_tells_all(loaded)
    change(loaded, "f32")
    agree(loaded, "f32")


# --- killed ---------------------------------------------------------------------------------------

@pytest.mark.slow
@row(ARCHITECTURE, "`grove init --precision --now`, or a projector, when it changes the model")
@at("model-locked", "model-changed")
def test_killed_in_a_change(home, point):
    """Nothing has happened, and nobody's acknowledgments are kept out. The next one does it."""
    wanted = len(ids_of(home))
    home.dies_at(point, "init", "--precision", "reduced", "--now")
    wait_until(lambda: locks(home) == 0)
    agree(home, "f32")
    assert change(home, "reduced")["queued"] == wanted
    agree(home, "reduced")
    home.dies_at(point, "init", "--precision", "f32", "--now")
    assert change(home, "f32")["queued"] == wanted
    agree(home, "f32")


@pytest.mark.slow
@pytest.mark.parametrize("point", ["projector-leased", "projector-stored", "projector-written",
                                   "projector-seen", "projector-acknowledged"])
def test_killed_while_all_is_projected_anew(home, point):
    with home.connect() as conn:  # what the tests before have computed
        conn.execute("DELETE FROM grove.embedding WHERE model = %s AND origin = 'computed'",
                     (PRECISIONS["reduced"],))
    change(home, "reduced")
    home.dies_at(point, "sync")
    agree(home, "reduced")
    change(home, "f32")
    home.dies_at("projector-written", "sync")
    agree(home, "f32")


@pytest.mark.slow
@row(SYNC, "the model changes after the lease, or is being changed when the rows are to end")
def test_what_comes_while_a_change_is_held_is_projected_with_the_new_model(home):
    """It has looked for contents, and is not committed: a projector finishes nothing meanwhile, a
    search and writers of all levels go on."""
    with home.held_at(["model-changed"], "init", "--precision", "reduced", "--now") as held:
        held.reach("model-changed")
        for index, level in enumerate(LEVELS):
            with writer(home, level) as conn:
                write(conn, ids_of(home)[0], index + 1, "Held")
                conn.commit()
        assert waiting(home) == 4
        home.fails_at("projector-acknowledged@2", "sync")  # twice nothing was acknowledged
        assert waiting(home) == 4
        search_tells_all(home)
        held.go_on("model-changed")
        held.finish()
    agree(home, "reduced")
    change(home, "f32")
    agree(home, "f32")


def waiting(grove):
    with grove.connect() as conn:
        return conn.execute("SELECT count(*) FROM grove.waiting").fetchone()[0]


def locks(grove):
    with grove.connect() as conn:
        return conn.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
                            ).fetchone()[0]
