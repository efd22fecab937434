# SPDX-License-Identifier: Apache-2.0
"""grove sync --watch as a service of servers that are somebody's: when it is ready, what it says
and to whom, how it ends, and servers that go away meanwhile."""

import contextlib
import json
import os
import pty
import select
import signal
import socket
import subprocess
import threading
import time

import pytest
from conftest import EXIT_STATUS, make_row, wait_until, write_rows
from crashes import ARCHITECTURE, Injected, armed, kill, row
from manager import Manager
from stores import stores_agree

INSERT = """
    INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title, content_summary,
                                  chunk_number)
    SELECT 'religion_hierarchy', id, 'Note', %s || n, 'The text of number ' || n, %s + n
    FROM religion_hierarchy, generate_series(1, %s) AS n WHERE leaf = 'Traditions'
"""
first_number = iter(range(1000, 10_000_000, 10_000))  # no two rows have one


def insert(grove, rows=3):
    with grove.connect() as conn:
        conn.execute(INSERT, ("Watched ", next(first_number), rows))


def until_projected(grove):
    def is_empty():
        with grove.connect() as conn:
            return conn.execute("SELECT count(*) FROM grove.outbox").fetchone() == (0,)
    wait_until(is_empty)
    return stores_agree(grove)


@pytest.fixture(params=["path", "abstract"])
def any_manager(request, tmp_path):
    name = str(tmp_path / "notify") if request.param == "path" else f"@grove-test-{os.getpid()}"
    made = Manager(name)
    yield made
    made.socket.close()


@pytest.fixture
def manager(tmp_path):
    made = Manager(str(tmp_path / "notify"))
    yield made
    made.socket.close()


@pytest.fixture
def home(filled):
    """The home's servers are somebody's: the database is named by its URL."""
    made = Injected(filled.home)
    made.env["DATABASE_URL"] = filled("url").stdout.strip()
    made("sync")
    return made


@contextlib.contextmanager
def watching(grove, *options, env=None):
    """A watch that is at work; what it has said is in `said` once it has ended well by SIGTERM."""
    process = grove.start("sync", "--watch", *options, env=env)
    process.said = None
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        process.said = process.communicate(timeout=30)
        assert process.returncode == 0, process.said
    finally:
        process.kill()
        process.wait(30)


@contextlib.contextmanager
def started(grove, stdout):
    """A watch that is to end by itself. One that does not would wait for its servers for ever."""
    process = subprocess.Popen([*grove.command, "sync", "--watch"], stdout=stdout,
                               stderr=subprocess.PIPE, env=grove.env, text=True)
    try:
        assert "watching" in process.stderr.readline()
        yield process
    finally:
        process.kill()
        process.wait(30)


def warnings(process):
    return [line for line in process.said[1].splitlines() if "watching for changes" not in line]


# --- ready ----------------------------------------------------------------------------------------

def test_it_is_ready_once_it_has_projected(home, any_manager):
    insert(home)
    with home.held_at(["projector-seen"], "sync", "--watch", env=any_manager.env) as held:
        held.reach("projector-seen")
        assert any_manager.told("READY") == []
        assert any_manager.told("STATUS", "")[0]["STATUS"] == "reaching the servers"
        held.go_on("projector-seen")
        any_manager.until("READY")
        until_projected(home)
        insert(home)
        until_projected(home)
        any_manager.until("STATUS", "up to date")
        assert any_manager.told("WATCHDOG") == [] and any_manager.told("STOPPING") == []
        held.process.send_signal(signal.SIGTERM)
        held.finish()
    assert len(any_manager.told("READY")) == 1
    assert any_manager.heard[-1].get("STOPPING") == "1"
    assert any_manager.heard[-1]["STATUS"] == "stopped on request"


def test_it_waits_for_servers_that_are_away_at_first(home, filled, manager):
    filled("stop")
    with watching(home, env=manager.env) as watch:
        told = manager.until("STATUS", "waits for a server: ")
        assert "could not connect to PostgreSQL" in told[0]["STATUS"]
        time.sleep(1)
        assert manager.told("READY") == [] and watch.poll() is None
        insert(filled)  # starts it
        manager.until("READY")
        until_projected(filled)
    away, back = warnings(watch)
    assert "warning" in away and "it goes on when that has passed" in away
    assert back.startswith("grove: it goes on, after ")


def test_what_is_no_address_is_told(home):
    with watching(home, env={"NOTIFY_SOCKET": "nowhere"}) as watch:
        insert(home)
        until_projected(home)
    (told,) = warnings(watch)
    assert "the service manager is told nothing: NOTIFY_SOCKET is neither" in told


# --- the watchdog ---------------------------------------------------------------------------------

def test_the_watchdog_hears_as_long_as_it_gets_on(home, manager):
    env = {**manager.env, "WATCHDOG_USEC": "1000000"}
    with home.held_at(["projector-read"], "sync", "--watch", env=env) as held:
        manager.until("READY")
        wait_until(lambda: len(manager.told("WATCHDOG")) >= 4)
        pings = [each["at"] for each in manager.told("WATCHDOG")]
        assert all(0.3 < later - sooner < 1 for sooner, later in zip(pings[1:], pings[2:])), pings
        insert(home)
        held.reach("projector-read")  # and hangs there
        before = len(manager.told("WATCHDOG"))
        time.sleep(1.5)
        assert len(manager.told("WATCHDOG")) == before
        held.go_on("projector-read")
        wait_until(lambda: len(manager.told("WATCHDOG")) > before + 1)
        held.process.send_signal(signal.SIGTERM)
        held.finish()


def test_the_watchdog_hears_while_a_server_is_away(home, filled, manager):
    """It is not grove that hangs: to start it anew would mend nothing."""
    filled("stop")
    with watching(home, env={**manager.env, "WATCHDOG_USEC": "2000000"}):
        manager.until("STATUS", "waits for a server: ")
        before = len(manager.told("WATCHDOG"))
        wait_until(lambda: len(manager.told("WATCHDOG")) >= before + 6)  # longer than any pause
        pings = [each["at"] for each in manager.told("WATCHDOG")]
        assert max(later - sooner for sooner, later in zip(pings, pings[1:])) < 2


def test_the_watchdog_of_another_process_hears_nothing(home, manager):
    with watching(home, env={**manager.env, "WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"}):
        manager.until("READY")
        time.sleep(0.5)
        assert manager.told("WATCHDOG") == []


# --- its end --------------------------------------------------------------------------------------

@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("point", ["projector-leased", "projector-embedded", "projector-written"])
def test_it_leaves_nothing_half_done(home, point, asked):
    insert(home)
    with home.held_at([point], "sync", "--watch") as held:
        held.reach(point)
        held.process.send_signal(asked)
        held.go_on(point)
        held.finish()
    with home.connect() as conn:
        assert conn.execute("SELECT count(*) FROM grove.outbox "
                            "WHERE lease_owner IS NOT NULL OR attempts > 0").fetchone() == (0,)
    assert home.broken() == ""
    home("sync")
    stores_agree(home)


@pytest.mark.parametrize("first, second", [
    (signal.SIGTERM, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT),
    (signal.SIGINT, signal.SIGTERM)], ids=["TERM-TERM", "TERM-INT", "INT-TERM"])
def test_a_second_signal_ends_it_at_once(home, first, second):
    insert(home)
    with home.held_at(["projector-leased"], "sync", "--watch") as held:
        held.reach("projector-leased")
        held.process.send_signal(first)
        time.sleep(0.3)
        assert held.process.poll() is None
        held.process.send_signal(second)
        assert held.process.wait(10) == -second
    home("sync")
    stores_agree(home)


def test_it_ends_while_it_waits_for_a_server(home, filled, manager):
    filled("stop")
    with watching(home, env=manager.env):
        manager.until("STATUS", "waits for a server: ")
        time.sleep(3)  # the pause has become longer
        began = time.monotonic()
    assert time.monotonic() - began < 2


def test_what_no_wait_mends_ends_it(home, filled, manager):
    folder = filled.socket_folder()
    with filled.connect("postgres") as conn:
        conn.execute("CREATE DATABASE bare")
        conn.execute("CREATE DATABASE beside")
    beside = {"DATABASE_URL": f"postgresql://grove@/beside?host={folder}"}
    filled.fails("conflict", "init", env={**beside, "GROVE_COLLECTION": "content_vectors"})
    for code, env in (
            ("not_found", {"DATABASE_URL": f"postgresql://grove@/bare?host={folder}"}),
            ("conflict", {**beside, "GROVE_COLLECTION": "content_vectors"}),
            ("invalid", {"DATABASE_URL": "postgresql+psycopg://localhost/grove"})):
        error = home.fails(code, "sync", "--watch", env={**env, **manager.env})
        if code != "invalid":
            assert manager.hear()[-1] == {"at": manager.heard[-1]["at"], "STOPPING": "1",
                                          "STATUS": error["message"][:255]}
    assert manager.told("READY") == []


def test_what_no_wait_mends_ends_it_later_too(home, filled):
    """Another database takes the collection meanwhile."""
    with filled.connect("postgres") as conn:
        conn.execute("CREATE DATABASE beside")
    env = {"DATABASE_URL": f"postgresql://grove@/beside?host={filled.socket_folder()}",
           "GROVE_COLLECTION": "content_vectors"}
    with started(home, stdout=subprocess.PIPE) as process:
        filled("init", "--take-collection", env=env)

        def has_ended():  # whose it is is asked once in a while
            insert(home, 1)
            return process.poll() is not None
        wait_until(has_ended)
        assert process.returncode == EXIT_STATUS["conflict"], process.communicate()


# --- servers that go away -------------------------------------------------------------------------

@row(ARCHITECTURE, "a server that `grove sync --watch` uses")
def test_postgresql_is_killed(home, filled, manager):
    with watching(home, env=manager.env) as watch:
        manager.until("READY")
        kill(filled.processes()["postgres"])
        manager.until("STATUS", "waits for a server: ")
        insert(filled)  # starts it
        until_projected(filled)
        manager.until("STATUS", "up to date")
    away, back = warnings(watch)
    assert "PostgreSQL" in away and back.startswith("grove: it goes on, after ")
    assert len(manager.told("READY")) == 1


def test_the_home_s_engine_is_killed(home, filled, manager):
    with watching(home, env=manager.env):
        manager.until("READY")
        kill(filled.processes()["vectors"])
        insert(home)
        until_projected(home)


def test_dead_letters_are_tried_once(home, filled, manager):
    """Not again after each outage."""
    give_up = "UPDATE grove.outbox SET dead_since = clock_timestamp(), last_error = 'a test'"
    with home.connect() as conn, conn.transaction():
        conn.execute(INSERT, ("First ", next(first_number), 1))
        conn.execute(give_up)
    with watching(home, "--retry-dead", env=manager.env):
        manager.until("READY")
        until_projected(home)
        with home.connect() as conn, conn.transaction():
            conn.execute(INSERT, ("Second ", next(first_number), 1))
            conn.execute(give_up)
        kill(filled.processes()["postgres"])
        manager.until("STATUS", "waits for a server: ")
        filled("browse", "religion")  # starts it
        manager.until("STATUS", "up to date, 1 row was given up on")
        time.sleep(1)
    assert filled.json("status")["dead"] == 1


class Relay:
    """The home's engine as a server of somebody's: a port that is its socket."""

    def __init__(self, path):
        self.path, self.listening = path, socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listening.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listening.accept()
                far = socket.socket(socket.AF_UNIX)
                try:
                    far.connect(self.path)
                except OSError:
                    near.close()
                    continue
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self.carry, args=ends, daemon=True).start()

    @staticmethod
    def carry(source, target):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def relay(home, filled):
    made = Relay(os.path.join(filled.socket_folder(), "vectors.sock"))
    home.env["QDRANT_URL"] = made.url
    yield made
    made.listening.close()


@row(ARCHITECTURE, "a server that `grove sync --watch` uses")
def test_an_engine_of_somebody_s_is_killed(home, filled, manager, relay):
    with watching(home, env=manager.env) as watch:
        manager.until("READY")
        kill(filled.processes()["vectors"])
        insert(home)
        manager.until("STATUS", "waits for a server: ")
        time.sleep(4)  # several attempts
        filled("sync", "--timeout", "60s", env={"QDRANT_URL": "", "DATABASE_URL": ""}, check=False)
        insert(home)
        until_projected(home)
        manager.until("STATUS", "up to date")
    away, back = warnings(watch)
    assert relay.url.removeprefix("http://") in away
    assert back.startswith("grove: it goes on, after ")


def test_an_engine_that_answers_and_takes_nothing_is_away(home, manager):
    """An outage is not over since a server is reached: each batch is refused, and waits between."""
    insert(home)
    with home.connect() as conn:  # they wait for some seconds then, and attempts find none of them
        conn.execute("UPDATE grove.outbox SET attempts = 2")
    env = {**armed({"projector-write": "fail"}), **manager.env}
    with watching(home, env=env) as watch:
        manager.until("STATUS", "waits for a server: ")
        time.sleep(6)
        assert manager.told("STATUS", "up to date") == []
    (away,) = warnings(watch)
    assert "a test had PROJECTOR_WRITE fail" in away
    with home.connect() as conn:
        assert conn.execute("SELECT DISTINCT attempts FROM grove.outbox").fetchall() == [(2,)]


def test_points_that_an_engine_lost_while_it_was_away(home, filled, manager):
    """It comes back as an older copy of itself, and nothing waits in the outbox."""
    with watching(home, env=manager.env):
        manager.until("READY")
        kill(filled.processes()["postgres"])
        manager.until("STATUS", "waits for a server: ")
        os.unlink(os.path.join(filled.socket_folder(), "vectors.sock"))
        with contextlib.suppress(KeyError):
            kill(filled.processes()["vectors"])
        folder = os.path.realpath(filled.home / "servers" / "vector")
        subprocess.run(["rm", "-rf", folder], check=True)
        filled("browse", "religion")  # starts PostgreSQL
        wait_until(lambda: manager.hear()[-1].get("STATUS") == "up to date")
    stores_agree(filled)


# --- what it says ---------------------------------------------------------------------------------

def test_a_line_when_something_changed_and_no_other(home, manager):
    with watching(home, env=manager.env) as watch:
        manager.until("READY")
        time.sleep(1)
        insert(home, 700)
        until_projected(home)
        time.sleep(1)
    lines = watch.said[0].splitlines()
    assert len(lines) == 1, lines  # and not one for each of six batches
    assert lines[0].startswith("700 written (700 embedded), 0 removed, 0 pending in ")
    assert warnings(watch) == []


def test_nothing_to_do_is_not_told(filled, manager):
    """Steps that look for what was left to be done, and find nothing, change nothing."""
    with watching(filled, env=manager.env) as watch:
        manager.until("READY")
        time.sleep(1)
    assert watch.said[0] == "" and warnings(watch) == []


def test_json_is_an_object_a_line(home, filled, manager):
    with watching(home, "--json", env=manager.env) as watch:
        manager.until("READY")
        insert(home, 300)
        until_projected(home)
        kill(filled.processes()["postgres"])
        manager.until("STATUS", "waits for a server: ")
        insert(filled)
        until_projected(filled)
    lines = [json.loads(line) for line in watch.said[0].splitlines()]
    batches = [line for line in lines if "outage" not in line]
    assert [batch["upserted"] for batch in batches][-2:] == [300, 303]
    assert all("index" not in batch and batch["dead"] == 0 for batch in batches)
    away, back = (line for line in lines if "outage" in line)
    assert away["outage"]["code"] == "unavailable" and away["outage"]["retry"] == "later"
    assert back["outage"] is None and back["seconds"] >= 1  # the first pause
    assert lines.index(away) < lines.index(back) and watch.said[1] == ""


def test_a_live_line_on_a_terminal(home):
    terminal, end = pty.openpty()
    process = subprocess.Popen([*home.command, "sync", "--watch"], stdin=end, stdout=end,
                               stderr=end, env={**home.env, "TERM": "xterm"})
    os.close(end)
    got = b""

    def shown(words):
        nonlocal got
        while select.select([terminal], [], [], 0)[0]:
            got += os.read(terminal, 65536)
        return words in got
    try:
        wait_until(lambda: shown(b"\r0 rows wait  watching\x1b[K"))
        insert(home)
        wait_until(lambda: shown(b"3 written (3 embedded), 0 removed, 0 pending"))
        got = b""
        wait_until(lambda: shown(b"\r0 rows wait  watching\x1b[K"))
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        process.kill()
        os.close(terminal)


def test_an_output_that_is_full_ends_it(home):
    with open("/dev/full", "w") as full, started(home, stdout=full) as process:
        insert(home)
        _, said = process.communicate(timeout=30)
    assert process.returncode == EXIT_STATUS["io"], said
    assert "could not write to standard output" in said


# --- beside others --------------------------------------------------------------------------------

def test_several_beside_the_resident_projector(home, filled, tmp_path):
    resident = Injected(filled.home)
    resident.env["GROVE_PROJECTOR"] = "on"
    resident("browse", "religion")
    wait_until(lambda: resident.json("status")["projector"]["running"])
    with watching(home) as first, watching(home) as second:
        for rows in (1, 300, 40):
            insert(home, rows)
        filled("load", write_rows(tmp_path / "rows.jsonl", [make_row(n) for n in range(1, 200)]))
        until_projected(home)
    assert warnings(first) == warnings(second) == []
    assert home.broken() == ""
