# SPDX-License-Identifier: Apache-2.0
"""A projector that dies or fails, at every point of its way."""

import contextlib
import http.server
import itertools
import json
import os
import signal
import threading
from contextlib import closing

import pytest
from conftest import EXIT_STATUS, find_assets, make_row, wait_until, write_rows
from crashes import ARCHITECTURE, SYNC, at, end_leases, home, keep_leases, kill, row  # noqa: F401
from stores import (COLLECTION, UnixConnection, ask_engine, points_of, search_tells_all,
                    stores_agree, vector_socket)

pytestmark = pytest.mark.slow

LEASE_S = 120

INSERT = """
    INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, chunk_number, title,
                                  content_summary)
    SELECT 'religion_hierarchy', id, 'Note', %s, %s, %s FROM religion_hierarchy
    WHERE leaf = 'Traditions' RETURNING id
"""
chunk_numbers = itertools.count(1)


class Changes:
    """A content that is new, one that is changed, and one that is removed; none of it projected."""

    def __init__(self, grove):
        with grove.connect() as conn:
            self.changed, self.removed = (self.insert(conn, name) for name in
                                          ("To be changed", "To be removed"))
            grove("sync")
            self.new = self.insert(conn, "New")
            conn.execute("UPDATE content_metadata SET title = 'Changed' WHERE id = %s",
                         (self.changed,))
            conn.execute("DELETE FROM content_metadata WHERE id = %s", (self.removed,))
        self.ids = {self.changed, self.removed, self.new}
        self.points = points_of(grove)
        assert {self.changed, self.removed} < set(self.points) and self.new not in self.points

    @staticmethod
    def insert(conn, name):
        values = (next(chunk_numbers), name, f"{name}, said at length.")
        return conn.execute(INSERT, values).fetchone()[0]


@pytest.fixture
def changes(home):
    return Changes(home)


def outbox(grove, columns="*"):
    with grove.connect() as conn:
        return conn.execute(f"SELECT {columns} FROM grove.outbox ORDER BY content_id").fetchall()


def embeddings(grove):
    with grove.connect() as conn:
        return conn.execute("SELECT * FROM grove.embedding ORDER BY content_id").fetchall()


def are_leased(grove, changes):
    """All changes are leased, for the two minutes that a lease lasts."""
    rows = outbox(grove, "content_id, extract(epoch FROM lease_until - clock_timestamp())")
    assert {number for number, _ in rows} == changes.ids
    assert all(LEASE_S - 60 < left < LEASE_S for _, left in rows), rows


def are_put_back(grove, changes):
    """All changes wait for a little while, leased by nobody, and no attempt was counted."""
    rows = outbox(grove, "content_id, lease_owner, lease_until, attempts, last_error IS NOT NULL,"
                         " not_before < clock_timestamp() + interval '1 second'")
    assert rows == [(number, None, None, 0, True, True) for number in sorted(changes.ids)]


def finish_sync(grove, changes, embedded):
    """Another projector does it all once the time has passed."""
    end_leases(grove)
    report = grove.json("sync")
    assert (report["upserted"], report["removed"]) == (2, 1)
    assert (report["embedded"], report["pending"], report["dead"]) == (embedded, 0, 0)
    stores_agree(grove)
    titles = {number: title for number, title in search_titles(grove)}
    assert (titles[changes.new], titles[changes.changed]) == ("New", "Changed")
    assert changes.removed not in titles


def search_titles(grove):
    return [(hit["content_id"], hit["title"]) for hit in search_tells_all(grove)["results"]]


# --- killed ---------------------------------------------------------------------------------------

@row(SYNC, "before the lease")
@at("projector-lease")
def test_killed_before_the_lease(home, changes, point):
    before = outbox(home)
    home.dies_at(point, "sync")
    assert outbox(home) == before and points_of(home) == changes.points
    search_tells_all(home)  # which computes two vectors and keeps them
    finish_sync(home, changes, embedded=0)


@row(ARCHITECTURE, "projector, after the lease")
@row(SYNC, "after the lease, while embedding")
@at("projector-leased", "projector-read", "projector-embedded")
def test_killed_after_the_lease(home, changes, point):
    kept = embeddings(home)
    home.dies_at(point, "sync")
    keep_leases(home)
    are_leased(home, changes)
    assert embeddings(home) == kept and points_of(home) == changes.points
    search_tells_all(home)
    with home.held_at(["projector-lease@2"], "sync") as waiting:
        waiting.reach("projector-lease@2")  # it got nothing at first, and has waited
        are_leased(home, changes)
        end_leases(home)
        waiting.go_on("projector-lease@2")
        report = json.loads(waiting.finish())
    # The search has computed what the dead one had not, and kept it.
    assert (report["upserted"], report["removed"], report["embedded"]) == (2, 1, 0)
    assert report["pending"] == 0
    stores_agree(home)


@row(ARCHITECTURE, "projector, after the lease")
@at("long-texts-read")
def test_a_killed_look_for_long_texts(home, point):
    """The next projector looks at the same texts again."""
    with home.connect() as conn:
        conn.execute("UPDATE grove.setting SET value = '-1' WHERE name = 'long_texts'")
    home.dies_at(point, "sync")
    assert not home.json("status")["long_texts_exact"]
    home("sync")
    assert home.json("status")["long_texts_exact"]


@at("projector-leased", "projector-written")
def test_the_leases_of_the_dead_are_none(home, changes, point):
    """Nobody waits for the two minutes that a lease lasts."""
    home.dies_at(point, "sync")
    are_leased(home, changes)
    report = home.json("sync", env={"GROVE_INJECT": "projector-lease=fail@4"})  # without waiting
    assert (report["upserted"], report["removed"], report["pending"]) == (2, 1, 0)
    stores_agree(home)


@row(ARCHITECTURE, "projector, after the lease")
@at("projector-read")
def test_a_lease_runs_out_by_itself(home, changes, point):
    home.dies_at(point, "sync", knobs={"lease-ms": 300})
    keep_leases(home)
    report = home.json("sync")
    assert (report["upserted"], report["removed"], report["pending"]) == (2, 1, 0)
    stores_agree(home)


@row(ARCHITECTURE, "projector, after storing embeddings")
@row(SYNC, "after `store_embeddings.sql`")
@at("projector-stored", "projector-write")
def test_killed_after_storing_embeddings(home, changes, point):
    home.dies_at(point, "sync")
    are_leased(home, changes)
    assert points_of(home) == changes.points
    search_tells_all(home)
    kept = embeddings(home)
    finish_sync(home, changes, embedded=0)
    assert embeddings(home) == [row for row in kept if row[0] != changes.removed]


@row(ARCHITECTURE, "projector, after writing to the engine")
@row(SYNC, "after the write to the engine")
@at("projector-upserted", "projector-written", "projector-seen")
def test_killed_after_writing(home, changes, point):
    home.dies_at(point, "sync")
    are_leased(home, changes)
    written = points_of(home)
    assert written[changes.new] and written[changes.changed] != changes.points[changes.changed]
    assert (changes.removed in written) == (point == "projector-upserted")
    search_tells_all(home)
    finish_sync(home, changes, embedded=0)
    written.pop(changes.removed, None)
    assert points_of(home) == written


@row(SYNC, "in `acknowledge.sql`")
@at("projector-acknowledged")
def test_killed_after_the_acknowledgement(home, changes, point):
    home.dies_at(point, "sync")
    assert outbox(home) == []
    stores_agree(home)
    search_tells_all(home)
    assert home.json("sync")["upserted"] == 0


@contextlib.contextmanager
def slow_deletion(grove, content_id):
    """Has whoever deletes this content's row of the outbox wait in the middle of the statement.
    Gives a function that waits for that: the backend's process id."""
    with grove.connect() as holder, grove.connect() as conn:
        holder.execute("SELECT pg_advisory_lock(77)")
        conn.execute(f"""
            CREATE FUNCTION public.wait_a_while() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF OLD.content_id = {content_id} THEN PERFORM pg_advisory_xact_lock(77); END IF;
                RETURN OLD;
            END $$;
            CREATE TRIGGER slow BEFORE DELETE ON grove.outbox
                FOR EACH ROW EXECUTE FUNCTION public.wait_a_while()""")

        def wait_for_it():
            return wait_until(lambda: conn.execute(
                "SELECT pid FROM pg_locks"
                " WHERE locktype = 'advisory' AND NOT granted").fetchone())[0]
        try:
            yield wait_for_it
        finally:
            holder.close()
            conn.execute("DROP TRIGGER slow ON grove.outbox; DROP FUNCTION public.wait_a_while")


@row(SYNC, "in `acknowledge.sql`")
@pytest.mark.parametrize("victim", ["statement", "projector"])
def test_killed_in_the_acknowledgement(home, changes, victim):
    """All of it, or nothing: the row that it hangs at is neither the first nor the last one."""
    numbers = sorted(changes.ids)
    with slow_deletion(home, numbers[1]) as wait_for_it:
        process = home.start("sync", "--json")
        backend = wait_for_it()
        if victim == "projector":
            process.kill()
            process.communicate()
        else:
            with home.connect() as conn:
                conn.execute("SELECT pg_terminate_backend(%s)", (backend,))
            out, _ = process.communicate(timeout=60)
            error = json.loads(out)["error"]
            assert (error["code"], error["retry"]) == ("unavailable", "later")
            assert process.returncode == EXIT_STATUS["unavailable"]
            are_leased(home, changes)
        search_tells_all(home)
        assert [number for number, in outbox(home, "content_id")] == numbers
    if victim == "statement":
        finish_sync(home, changes, embedded=0)
    else:  # the statement is the server's: it goes on to its end
        home.json("sync")
    stores_agree(home)


# --- late -----------------------------------------------------------------------------------------

@row(ARCHITECTURE, "projector that wakes up late")
@at("projector-stored")
def test_half_a_lease_is_over(home, changes, point):
    """Whoever has taken so long does not write. A lease of a millisecond is half over by then."""
    with home.held_at([point], "sync", knobs={"lease-ms": 1}) as late:
        late.reach(point)
        home.json("sync")  # another one takes over
        stores_agree(home)
        with home.connect() as conn:
            conn.execute("DELETE FROM content_metadata WHERE id = %s", (changes.new,))
        home.json("sync")
        done = points_of(home)
        late.go_on(point)
        report = json.loads(late.finish())
    assert (report["embedded"], report["upserted"]) == (2, 0)
    assert points_of(home) == done and outbox(home) == []
    stores_agree(home)


@at("projector-read", "projector-upserted", "projector-written")
def test_changed_while_a_projector_works(home, changes, point):
    """What it has written is old by then: its row of the outbox stays for the next step."""
    with home.held_at([point], "sync") as projector:
        projector.reach(point)
        with home.connect() as conn:
            conn.execute("UPDATE content_metadata SET title = 'Changed again' WHERE id = %s",
                         (changes.changed,))
            conn.execute("DELETE FROM content_metadata WHERE id = %s", (changes.new,))
        search_tells_all(home)
        projector.go_on(point)
        assert json.loads(projector.finish())["pending"] == 0
    assert {changes.new, changes.removed}.isdisjoint(points_of(home))
    stores_agree(home)


@row(ARCHITECTURE, "projector that wakes up late")
@at("projector-write")
def test_a_late_write_loses_to_a_higher_revision(home, changes, point):
    with home.held_at([point, "projector-written"], "sync") as late:
        late.reach(point)
        with home.connect() as conn:
            conn.execute("UPDATE content_metadata SET title = 'Changed again' WHERE id = %s",
                         (changes.changed,))
        end_leases(home)
        home.json("sync")
        stores_agree(home)
        done = points_of(home)
        late.go_on(point)
        late.reach("projector-written")
        assert points_of(home) == done
        search_tells_all(home)
        late.go_on("projector-written")
        late.finish()
    home("sync")
    stores_agree(home)


@row(ARCHITECTURE, "projector that wakes up late")
@at("projector-write")
def test_a_late_write_of_what_was_deleted_is_undone(home, changes, point):
    """There is no revision to lose to; so the content goes into the outbox again."""
    with home.held_at([point, "projector-written"], "sync") as late:
        late.reach(point)
        with home.connect() as conn:
            conn.execute("DELETE FROM content_metadata WHERE id = %s", (changes.new,))
        end_leases(home)
        home.json("sync")
        stores_agree(home)
        late.go_on(point)
        late.reach("projector-written")
        assert changes.new in points_of(home) and outbox(home) == []
        search_tells_all(home)
        late.go_on("projector-written")
        late.finish()
    assert stores_agree(home) and changes.new not in points_of(home)


@row(ARCHITECTURE, "projector that wakes up late")
@at("projector-written")
def test_a_late_write_of_what_was_deleted_and_a_death(home, changes, point):
    """The same, and it is killed before it can put the content into the outbox again."""
    try:
        with home.held_at(["projector-write", point], "sync") as late:
            late.reach("projector-write")
            with home.connect() as conn:
                conn.execute("DELETE FROM content_metadata WHERE id = %s", (changes.new,))
            end_leases(home)
            home.json("sync")
            late.go_on("projector-write")
            late.reach(point)
        search_tells_all(home)
        home("sync")
        assert changes.new not in points_of(home)
    finally:
        ask_engine(home, "POST", f"/collections/{COLLECTION}/points/delete?wait=true",
                   {"points": [changes.new]})


# --- failed ---------------------------------------------------------------------------------------

@at("projector-read", "projector-embedded", "projector-stored", "projector-write",
    "projector-upserted", "projector-written", "projector-seen")
def test_a_step_that_fails_puts_its_rows_back(home, changes, point):
    assert home.fails_at(point, "sync")["error"]["retry"] == "later"
    are_put_back(home, changes)
    search_tells_all(home)  # which keeps the vectors that were not stored
    finish_sync(home, changes, embedded=0)


class Front(http.server.ThreadingHTTPServer):
    """The private vector server as one of somebody else's: at a port, and it can be told to be out,
    to refuse, or to answer by itself. The handlers ask `refuses` and `answers` about each request:
    path, body. An answer is what `answers` gives instead of the server's; it is given the server
    as a function, to be asked or not."""
    daemon_threads = True

    def __init__(self, grove):
        super().__init__(("127.0.0.1", 0), FrontRequest)
        self.socket_path = vector_socket(grove)
        self.out, self.refuses = False, lambda path, body: False
        self.answers = lambda path, body, ask: ask()
        self.env = {"QDRANT_URL": f"http://127.0.0.1:{self.server_address[1]}"}
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class FrontRequest(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.server.out:
            self.close_connection = True
            return
        if self.server.refuses(self.path, body):
            self.reply(400, b'{"status":{"error":"I do not like it"},"time":0.0}')
            return
        self.reply(*self.server.answers(self.path, body, lambda: self.ask(body)))

    def ask(self, body):
        with closing(UnixConnection(self.server.socket_path)) as connection:
            connection.request(self.command, self.path, body or None,
                               {"content-type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()

    do_GET = do_PUT = do_POST = forward

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def front(home):
    with closing(Front(home)) as made:
        made.close = made.server_close
        yield made
        made.shutdown()


@row(SYNC, "the engine is down, or cannot be started")
@at("projector-write")
def test_the_engine_is_down(home, changes, front, point):
    with home.held_at([point], "sync", env=front.env) as projector:
        projector.reach(point)
        front.out = True
        projector.go_on(point)
        error = json.loads(projector.finish("unavailable"))["error"]
    assert error["retry"] == "later" and error["origin"] == "qdrant", error
    are_put_back(home, changes)
    answer = search_tells_all(home, env=front.env)
    assert answer["degraded"] is True and front.env["QDRANT_URL"][7:] in answer["degraded_reason"]
    finish_sync(home, changes, embedded=0)


@row(SYNC, "the engine is down, or cannot be started")
@at("projector-put-back")
def test_killed_while_the_engine_is_down(home, changes, front, point):
    with home.held_at(["projector-write", point], "sync", env=front.env) as projector:
        projector.reach("projector-write")
        front.out = True
        projector.go_on("projector-write")
        projector.reach(point)
    are_leased(home, changes)  # as after any other death
    finish_sync(home, changes, embedded=0)


@row(SYNC, "the collection is gone: the engine itself says 404")
@at("projector-write")
def test_the_collection_is_gone(home, changes, point):
    with home.held_at([point], "sync") as projector:
        projector.reach(point)
        ask_engine(home, "DELETE", f"/collections/{COLLECTION}")
        answer = search_tells_all(home)
        assert answer["degraded"] is True and "no collection" in answer["degraded_reason"]
        projector.go_on(point)
        report = json.loads(projector.finish())
    with home.connect() as conn:
        contents, = conn.execute("SELECT count(*) FROM content_metadata").fetchone()
    assert (report["upserted"], report["pending"]) == (contents, 0)
    assert stores_agree(home) == contents
    assert search_tells_all(home)["degraded"] is False


@row(SYNC, "the collection is gone: the engine itself says 404")
@at("projector-enqueued")
def test_killed_while_the_collection_is_restored(home, changes, point):
    with home.connect() as conn:
        contents, = conn.execute("SELECT count(*) FROM content_metadata").fetchone()
    ask_engine(home, "DELETE", f"/collections/{COLLECTION}")
    for _ in range(2):
        home.dies_at(point, "sync")
        assert len(outbox(home)) == contents + 1
        assert home.json("status")["engine"]["collection_status"] == "missing"
        assert search_tells_all(home)["degraded"] is False  # all of it waits
    report = home.json("sync")
    assert (report["upserted"], report["pending"]) == (contents, 0)
    assert stores_agree(home) == contents


def refuse_content(number):
    return lambda path, body: path.endswith("/points?wait=true") and any(
        point["id"] == number for point in json.loads(body)["points"])


@row(SYNC, "the engine refuses a row, and takes others")
@at("projector-lease")
def test_the_engine_refuses_a_row(home, changes, front, point):
    front.refuses = refuse_content(changes.new)
    reason = "the vector engine refused: I do not like it"
    for attempt in range(1, 9):
        home.dies_at(f"{point}@2", "sync", env=front.env)  # after one step
        found = outbox(home, "content_id, attempts, lease_owner, last_error, dead_since IS NULL,"
                             " extract(epoch FROM not_before - clock_timestamp())")
        *rest, wait_s = found[0]
        assert len(found) == 1  # the others are done
        assert rest == [changes.new, attempt, None, reason, attempt < 8]
        longest_s = 2 ** (attempt - 1)
        assert longest_s / 2 - 1 < wait_s <= longest_s
        end_leases(home)
    search_tells_all(home)
    report = home.json("sync", env=front.env)
    assert (report["pending"], report["dead"], report["upserted"]) == (0, 1, 0)
    assert changes.new in dict(search_titles(home))
    front.refuses = lambda path, body: False
    assert home.json("sync", "--retry-dead", env=front.env)["dead"] == 0
    stores_agree(home)


@row(ARCHITECTURE, "the engine refuses all that it is given")
@row(SYNC, "the engine refuses all that it is given")
def test_the_engine_refuses_everything(home, front):
    """Nobody's fault: no attempt of any row counts, and the engine is asked a few times only."""
    asked = []
    with home.connect() as conn:
        conn.execute("UPDATE content_metadata SET title = title || '!'")
    before = {(number, 0) for number, in outbox(home, "content_id")}
    front.refuses = lambda path, body: path.endswith("/points?wait=true") and not asked.append(path)
    error = json.loads(home("sync", "--json", check=False, env=front.env).stdout)["error"]
    assert "I do not like it" in error["message"] and error["origin"] == "qdrant"
    assert set(outbox(home, "content_id, attempts")) == before and len(before) > 3
    assert len(asked) < 13
    front.refuses = lambda path, body: False
    assert home.json("sync", env=front.env)["pending"] == 0
    stores_agree(home)


# --- an engine that says yes ----------------------------------------------------------------------

STATUSES = ["acknowledged", "wait_timeout", "clock_rejected", "completed", None]


def answer_writes(front, status, done):
    """Has writes answered with this status, whether they are done or not."""
    def answer(path, body, ask):
        if not path.endswith(("/points?wait=true", "/points/delete?wait=true")):
            return ask()
        if done:
            ask()
        result = {"result": {"operation_id": 1, "status": status}} if status else {}
        return 200, json.dumps(result).encode()
    front.answers = answer


@row(ARCHITECTURE, "the engine says yes, and means no")
@row(SYNC, "the engine does not show what it was given")
@pytest.mark.parametrize("status", STATUSES)
@at("projector-lease")
def test_a_write_that_is_answered_and_not_done(home, changes, front, point, status):
    answer_writes(front, status, done=False)
    home.dies_at(f"{point}@2", "sync", env=front.env)  # after one step
    are_put_back(home, changes)
    assert set(outbox(home, "last_error")) == {
        ("the vector engine does not show what it was given",)}
    assert points_of(home) == changes.points
    search_tells_all(home)
    front.answers = lambda path, body, ask: ask()
    finish_sync(home, changes, embedded=0)


def test_a_sync_that_brings_nothing_says_so(home, changes, front):
    answer_writes(front, "completed", done=False)
    error = home.fails("unavailable", "sync", env=front.env)
    assert "3 contents did not arrive" in error["message"] and error["origin"] == "qdrant"
    assert "does not show" in error["detail"] and "grove sync" in error["hint"]
    front.answers = lambda path, body, ask: ask()
    finish_sync(home, changes, embedded=0)


@pytest.mark.parametrize("status", STATUSES)
def test_a_write_that_is_done_whatever_is_answered(home, changes, front, status):
    answer_writes(front, status, done=True)
    report = home.json("sync", env=front.env)
    assert (report["upserted"], report["removed"], report["pending"]) == (2, 1, 0)
    stores_agree(home)


@row(SYNC, "a point that nobody can have written")
def test_points_of_nobody_give_way(home):
    """As another program, or a restored copy of the engine, left them."""
    kinds = [{}, *({"revision": revision} for revision in (
        None, "7", "x", 7.5, 1e15, 1e300, True, [], [7], [10**12], {"of": 7}, 0, -3, 10**12,
        2**63 - 1, 2**63, 2**64 - 1))]
    with home.connect() as conn:
        changed = [Changes.insert(conn, "Changed") for _ in kinds]
        removed = [Changes.insert(conn, "Removed") for _ in kinds]
        home("sync")
        conn.execute("UPDATE content_metadata SET word_count = 77 WHERE id = ANY (%s)", (changed,))
        conn.execute("DELETE FROM content_metadata WHERE id = ANY (%s)", (removed,))
    points = [{"id": number, "vector": [1.0] * 384, "payload": payload}
              for numbers in (changed, removed) for number, payload in zip(numbers, kinds)]
    ask_engine(home, "PUT", f"/collections/{COLLECTION}/points?wait=true", {"points": points})
    report = home.json("sync")
    assert (report["upserted"], report["removed"], report["pending"]) == (
        len(kinds), len(kinds), 0)
    stores_agree(home)


@row(SYNC, "the model cannot be opened")
def test_the_model_cannot_be_opened(home, changes, tmp_path):
    for name in ("postgres", "qdrant-edge"):
        os.symlink(find_assets() / name, tmp_path / name)
    env = {"GROVE_ASSETS": str(tmp_path)}
    error = home.fails("not_found", "sync", env=env)
    assert "model" in error["message"], error
    are_put_back(home, changes)
    assert points_of(home) == changes.points
    finish_sync(home, changes, embedded=2)


@contextlib.contextmanager
def another_model(grove):
    with grove.connect() as conn:
        change = "UPDATE grove.setting SET value = %s WHERE name = 'model' RETURNING value"
        model = conn.execute("SELECT value FROM grove.setting WHERE name = 'model'").fetchone()
        conn.execute(change, ("somebody's/f32",))
        try:
            yield
        finally:
            conn.execute(change, model)


@row(SYNC, "the database has another model, or another version's schema")
def test_the_database_has_another_model(home, changes):
    before = outbox(home)
    with another_model(home):
        assert "somebody's/f32" in home.fails("unsupported", "sync")["message"]
        assert outbox(home) == before
    finish_sync(home, changes, embedded=2)


@row(SYNC, "the database has another model, or another version's schema")
@at("projector-lease")
def test_the_model_changes_before_the_lease(home, changes, point):
    before = outbox(home)
    with home.held_at([point, "projector-lease@2"][:1], "sync") as projector:
        projector.reach(point)
        with another_model(home):
            projector.go_on(point)
            projector.finish("unsupported")
            assert outbox(home) == before
    finish_sync(home, changes, embedded=2)


@row(SYNC, "cancelled while embedding")
@at("projector-read")
def test_cancelled_while_embedding(home, changes, point):
    with home.held_at([point], "sync") as projector:
        projector.reach(point)
        projector.process.send_signal(signal.SIGINT)
        projector.go_on(point)
        assert json.loads(projector.finish("cancelled"))["error"]["code"] == "cancelled"
    are_put_back(home, changes)
    search_tells_all(home)
    finish_sync(home, changes, embedded=0)


@row(SYNC, "cancelled while embedding")
@at("projector-read")
def test_a_load_cancelled_while_embedding(home, tmp_path, point):
    """It finishes its batch."""
    files = [write_rows(tmp_path / name, [make_row(1, leaf=name), make_row(2, leaf=name)])
             for name in ("a", "b")]
    with home.held_at([point], "load", *files) as load:
        load.reach(point)
        load.process.send_signal(signal.SIGINT)
        load.go_on(point)
        answer = json.loads(load.finish("cancelled"))
    assert (answer["load"]["rows_inserted"], answer["load"]["rows_projected"]) == (2, 2)
    stores_agree(home)
    report = home.json("load", *files)
    assert (report["rows_inserted"], report["rows_unchanged"]) == (2, 2)
    stores_agree(home)


@row(SYNC, "PostgreSQL is gone")
@at("projector-leased", "projector-put-back")
def test_postgresql_is_gone(home, changes, point):
    """Its postmaster is killed while it works for the projector; with the second point, it is not
    there for putting the rows back, either."""
    points = ["projector-leased", "projector-put-back"]
    with home.held_at(points, "sync") as projector:
        projector.reach("projector-leased")
        with closing(home.connect()) as holder, closing(home.connect()) as conn:
            holder.execute("BEGIN")
            holder.execute("LOCK TABLE content_metadata IN ACCESS EXCLUSIVE MODE")
            projector.go_on("projector-leased")
            wait_until(lambda: conn.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'grove'"
                " AND wait_event_type = 'Lock'").fetchone())
            kill(home.processes()["postgres"])
        projector.reach("projector-put-back")
        if point == "projector-put-back":
            projector.process.kill()
        else:
            projector.go_on("projector-put-back")
            error = json.loads(projector.finish("unavailable"))["error"]
            assert (error["retry"], error["origin"]) == ("later", "postgres")
    search_tells_all(home)
    if point == "projector-put-back":
        are_leased(home, changes)
    else:
        are_put_back(home, changes)
    finish_sync(home, changes, embedded=0)
