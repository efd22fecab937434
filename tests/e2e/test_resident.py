# SPDX-License-Identifier: Apache-2.0
"""The resident projector of a home: what SQL clients write is projected with nobody's hand, by one
process, which starts and ends as the private servers do, whatever happens to it or to them."""

import contextlib
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import pytest
from conftest import (BINARY, EXIT_STATUS, MIGRATIONS, Grove, command_lines, copy_of, end_home,
                      make_home, make_row, read_statement, wait_until, write_rows)
from crashes import ARCHITECTURE, SYNC, Injected, armed, at, end_leases, kill, row, wait_ended
from stores import search_tells_all, stores_agree

pytestmark = pytest.mark.slow

INSERT = """
    INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title, content_summary,
                                  chunk_number)
    SELECT 'religion_hierarchy', id, 'Note', %s || n, 'The text of number ' || n, %s + n
    FROM religion_hierarchy, generate_series(1, %s) AS n WHERE leaf = 'Traditions'
"""
first_number = iter(range(1000, 10_000_000, 10_000))  # no two rows have one


def insert(grove, title="Resident ", rows=3):
    with grove.connect() as conn:
        conn.execute(INSERT, (title, next(first_number), rows))


def outbox(grove):
    with grove.connect() as conn:
        return conn.execute("SELECT lease_owner IS NOT NULL, attempts FROM grove.outbox").fetchall()


def until_projected(grove):
    wait_until(lambda: not outbox(grove))
    assert grove.broken() == ""
    return stores_agree(grove)


def residents(grove):
    """The numbers of all processes that are, or want to be, the projector of the home."""
    path = os.fsencode(grove.home)
    return [pid for pid, line in command_lines() if b"--be-resident" in line and path in line]


def servers_folder(grove):
    return pathlib.Path(os.path.realpath(grove.home / "servers"))


def log_of(grove):
    with contextlib.suppress(FileNotFoundError):
        return (servers_folder(grove) / "log" / "projector.log").read_text()
    return ""


def started(grove):
    """Its number, once it has said who it is."""
    return wait_until(lambda: grove.json("status", check=False)["projector"]["pid"])


def ended(grove, pid):
    wait_ended(pid)
    return log_of(grove).splitlines()[-1].partition("] ")[2]


def with_projector(grove):
    made = Injected(grove.home)
    made.env["GROVE_PROJECTOR"] = "on"
    return made


@pytest.fixture
def home(shared):
    """The file's home, as grove with points, with a projector that has nothing to do."""
    made = with_projector(shared)
    made("search", "faith")
    end_leases(made)
    until_projected(made)
    return made


@pytest.fixture
def alone():
    """A home of one test, with the sample, that is stopped."""
    made = copy_of("demo")
    yield with_projector(made)
    end_home(made)


def end_all(grove):
    """Kills it, and waits until its lock is free: that goes with the last of its threads."""
    for pid in residents(grove):
        kill(pid)
    wait_until(lambda: not grove.json("status", check=False)["projector"]["running"])


def start_anew(grove, **env):
    """The projector is another one, with these variables in its environment."""
    end_all(grove)
    grove("browse", "religion", env=env)
    return started(grove)


# --- its work -------------------------------------------------------------------------------------

def test_what_sql_clients_write_is_projected(home):
    contents = stores_agree(home)
    insert(home, "Bees and honey ", 100)
    assert until_projected(home) == contents + 100
    with home.connect() as conn:
        conn.execute("UPDATE content_metadata SET title = 'Olives' WHERE title LIKE 'Bees %%1'")
        conn.execute("DELETE FROM content_metadata WHERE title LIKE 'Bees %'")
    assert until_projected(home) == contents + 10
    assert search_tells_all(home)["degraded"] is False


def test_using_the_database_is_enough(alone):
    """A command that needs no vectors, on a home where nothing runs."""
    contents = alone.json("browse", "religion")["total"]
    assert "vectors" not in alone.processes()
    insert(alone)
    assert until_projected(alone) == contents + 3
    assert "vectors" in alone.processes()


def test_status_and_doctor_tell_of_it(home):
    pid = started(home)
    assert home.json("status")["projector"] == \
        {"wanted": True, "running": True, "pid": pid, "error": None}
    assert f"running, process {pid}" in home("status").stdout
    findings = {found["name"]: found for found in home.json("doctor")["findings"]}
    assert findings["projector"]["text"] == f"running (process {pid})"
    end_all(home)
    status = home.json("status")["projector"]
    assert (status["running"], status["pid"]) == (False, None)
    findings = {found["name"]: found for found in home.json("doctor")["findings"]}
    assert (findings["projector"]["verdict"], findings["projector"]["text"]) == \
        ("warning", "not running")


def test_psql_starts_it_too(home):
    end_all(home)
    home("psql", "--", "-qc", "SELECT 1")
    assert started(home)


@pytest.mark.parametrize("env", [{"GROVE_PROJECTOR": "off"}, {"QDRANT_URL": "http://127.0.0.1:1"}])
def test_it_is_not_started(home, env):
    """Switched off; or the engine is somebody else's, and so is the projecting."""
    end_all(home)
    home("browse", "religion", env=env)
    assert home.json("status", check=False, env=env)["projector"]["wanted"] is False
    assert residents(home) == []


def test_a_switch_is_on_or_off(home):
    error = home.fails("invalid", "browse", "religion", env={"GROVE_PROJECTOR": "maybe"})
    assert "GROVE_PROJECTOR" in error["message"]


def test_it_projects_to_the_collection_of_who_started_it(home):
    start_anew(home, GROVE_COLLECTION="another")
    insert(home)
    wait_until(lambda: not outbox(home))
    assert home.json("status", env={"GROVE_COLLECTION": "another"})["engine"]["points"] > 0
    start_anew(home)
    home("sync")  # counts the points that are missing
    until_projected(home)


def test_an_idle_one_asks_one_small_statement_a_second(home):
    """Once it has looked whether there is a graph to examine."""
    with home.connect() as conn:
        conn.execute("DELETE FROM grove.examination")
        start_anew(home)
        wait_until(lambda: conn.execute("SELECT 1 FROM grove.examination").fetchone())
    pid = started(home)
    log = servers_folder(home) / "log" / "postgres.log"
    with home.connect() as conn:
        backends = conn.execute("SELECT string_agg(pid::text, '|') FROM pg_stat_activity"
                                " WHERE client_port = -1 AND application_name = 'grove'"
                                ).fetchone()[0]
        conn.execute("ALTER SYSTEM SET log_statement = 'all'")
        conn.execute("SELECT pg_reload_conf()")

        def statements():
            return re.findall(rf"^(\S+ \S+) UTC \[(?:{backends})\] LOG:  execute (\S+):",
                              log.read_text(), re.M)
        try:
            wait_until(lambda: len(statements()) >= 4)
        finally:
            conn.execute("ALTER SYSTEM RESET log_statement")
            conn.execute("SELECT pg_reload_conf()")
    assert {name for _, name in statements()} == {"due.sql"}
    times = [datetime.datetime.fromisoformat(text) for text, _ in statements()]
    assert min((after - before).total_seconds() for before, after in zip(times, times[1:])) > 0.99
    assert started(home) == pid


def test_the_model_is_given_back(home):
    def has_model(pid):
        return "model/" in pathlib.Path(f"/proc/{pid}/maps").read_text()
    pid = start_anew(home)
    assert not has_model(pid)
    insert(home)
    until_projected(home)
    assert has_model(pid)
    pid = start_anew(home, GROVE_KNOBS="resident-model-ms=1")
    for _ in range(2):  # it is opened again
        insert(home)
        until_projected(home)
        wait_until(lambda: not has_model(pid))
    assert started(home) == pid


def test_failures_are_told_and_got_over(home):
    pid = start_anew(home)
    kill(home.processes()["vectors"])
    vectors = servers_folder(home) / "vector"
    vectors.chmod(0)
    try:
        insert(home)
        error = wait_until(lambda: home.json("status", check=False)["projector"]["error"])
        assert str(vectors) in error
        findings = {found["name"]: found for found in json.loads(
            home("doctor", "--json", check=False).stdout)["findings"]}
        assert findings["projector"]["text"] == error
        with home.connect() as conn:
            def due():  # changes with each attempt
                return conn.execute("SELECT max(not_before) FROM grove.outbox").fetchone()
            first = due()
            wait_until(lambda: due() != first)
            second = due()
            wait_until(lambda: due() != second)
        wait_until(lambda: error in log_of(home))
        assert log_of(home).count(error) == 1
        # Nobody's fault: nothing is counted.
        assert [attempts for _, attempts in outbox(home)] == [0, 0, 0]
    finally:
        vectors.chmod(0o700)
    until_projected(home)
    wait_until(lambda: home.json("status")["projector"]["error"] is None)
    assert started(home) == pid and log_of(home).count("works again") == 1


def test_a_load_needs_no_patience(home, tmp_path):
    """Its rows are its own: the projector leaves them alone, and none is left to anybody."""
    rows = [make_row(number, leaf="Beside the projector") for number in range(1, 600)]
    report = home.json("load", write_rows(tmp_path / "rows", rows))
    assert (report["rows_inserted"], report["pending"]) == (599, 0)
    until_projected(home)


def test_new_rows_are_left_to_whoever_wrote_them(alone):
    due = read_statement("due.sql")

    def look(conn, grace_ms):
        due_now = due.replace("$1", str(grace_ms)).replace("$2", "0").replace("$3", "9999")
        return conn.execute(due_now).fetchone()[:3]
    alone.env["GROVE_PROJECTOR"] = "off"
    alone("sync")
    with alone.connect() as conn:
        schema = MIGRATIONS
        assert look(conn, 0) == (False, False, schema)
        insert(alone)
        assert look(conn, 0) == (True, True, schema)
        assert look(conn, 600_000) == (False, True, schema)
        conn.execute("UPDATE grove.outbox SET lease_owner = 'x/1',"
                     " lease_until = clock_timestamp() + interval '2 minutes'")
        assert look(conn, 0) == (False, True, schema)
        conn.execute("UPDATE grove.outbox SET lease_owner = NULL, lease_until = NULL,"
                     " dead_since = clock_timestamp(), last_error = 'x'")
        assert look(conn, 0) == (False, False, schema)


# --- one for each home ----------------------------------------------------------------------------

@row(ARCHITECTURE, "resident projector, two started at once")
def test_commands_that_start_it_at_once(home):
    end_all(home)
    commands = [home.start("browse", "religion", "--json") for _ in range(8)]
    for command in commands:
        assert command.wait(60) == 0, command.communicate()
        command.communicate()
    wait_until(lambda: len(residents(home)) == 1)
    assert residents(home) == [started(home)]


@row(SYNC, "the resident projector: killed before it says who it is")
@at("resident-locked")
def test_killed_before_it_says_who_it_is(home, point):
    """The number in its file is still that of the one before."""
    before = started(home)
    end_all(home)
    home("browse", "religion", env=armed({point: "die"}))
    wait_until(lambda: not residents(home))
    home("browse", "religion")
    assert started(home) != before
    insert(home)
    until_projected(home)


@row(ARCHITECTURE, "resident projector's process id, given to another process")
@row(SYNC, "the resident projector: it runs in another container")
def test_a_stale_process_number(home):
    """Of another process of the same account, with its time."""
    end_all(home)
    server = home.processes()["postgres"]
    began = pathlib.Path(f"/proc/{server}/stat").read_text().rsplit(")", 1)[1].split()[19]
    (servers_folder(home) / "projector" / "pid").write_text(f"{server} {began}\n")
    assert home.json("status")["projector"]["running"] is False
    home("browse", "religion")
    pid = started(home)
    assert pid != server
    (servers_folder(home) / "projector" / "pid").write_text(f"{server} {began}\n")
    # It is seen to run, and nobody else is told to stop in its place: it ends with PostgreSQL.
    status = home.json("status")["projector"]
    assert (status["running"], status["pid"]) == (True, None)
    home("stop")
    assert ended(home, pid) == "ended: the private PostgreSQL does not run"


# --- its end --------------------------------------------------------------------------------------

def test_it_is_stopped_first(home):
    pid = started(home)
    home("stop")
    assert ended(home, pid) == "ended: it was told to"
    assert home.processes() == {}
    assert home.json("status", check=False)["projector"]["running"] is False


def test_it_is_stopped_where_nothing_else_runs(home):
    """PostgreSQL is gone, and it has not noticed yet."""
    pid = started(home)
    os.kill(pid, signal.SIGSTOP)
    kill(home.processes()["postgres"])
    os.kill(pid, signal.SIGCONT)
    home("stop")
    wait_ended(pid)


@row(ARCHITECTURE, "resident projector, `kill -9`")
@at("projector-leased", "projector-read", "projector-embedded", "projector-stored",
    "projector-written", "projector-acknowledged")
def test_it_is_killed_at_work(home, point):
    end_all(home)
    home("browse", "religion", env=armed({point: "die"}))
    pid = started(home)
    insert(home)
    wait_until(lambda: not home.json("status")["projector"]["running"])
    assert (outbox(home) == []) == (point == "projector-acknowledged")
    assert search_tells_all(home)["degraded"] is False  # and starts another
    assert started(home) != pid
    end_leases(home)
    until_projected(home)


@row(ARCHITECTURE, "resident projector, stopped while it works")
@at("projector-read")
def test_it_is_stopped_while_it_works(home, point, tmp_path):
    """What it has leased is handed back at once, uncounted."""
    held = pathlib.Path(make_home()) / "held"
    try:
        pid = start_anew(home, **armed({point: f"wait:{held}@1"}))
        insert(home)
        wait_until(held.exists)
        stop = home.start("stop")
        wait_until(lambda: int(re.search(
            r"SigCgt:\s+(\w+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1), 16)
            & 1 << signal.SIGTERM - 1 == 0)  # the handler has been called, and was for once
        held.unlink()
        assert stop.wait(60) == 0
        stop.communicate()
        assert ended(home, pid) == "ended: it was told to"
    finally:
        shutil.rmtree(held.parent)
    home("browse", "religion", env={"GROVE_PROJECTOR": "off"})
    assert outbox(home) == [(False, 0)] * 3
    home("browse", "religion")
    until_projected(home)


@row(SYNC, "the resident projector: it does not end when it is told to")
def test_one_that_does_not_end_is_killed(home):
    pid = start_anew(home)
    os.kill(pid, signal.SIGSTOP)
    home("stop", env={"GROVE_KNOBS": "resident-stop-ms=100"})
    wait_ended(pid)
    assert home.processes() == {}


@row(ARCHITECTURE, "resident projector, its PostgreSQL ends")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_it_ends_with_its_postgresql(home, number):
    pid = started(home)
    os.kill(home.processes()["postgres"], number)
    assert ended(home, pid) == "ended: the private PostgreSQL does not run"
    assert "postgres" not in home.processes()
    insert_later = home("browse", "religion")  # starts both
    assert insert_later.returncode == 0
    insert(home)
    until_projected(home)
    assert len(residents(home)) == 1


@row(ARCHITECTURE, "resident projector, its home removed or moved")
def test_it_ends_when_its_home_is_removed(alone):
    alone("search", "faith")
    pid = started(alone)
    servers = alone.processes()
    shutil.rmtree(alone.home, ignore_errors=True)
    wait_ended(pid)
    assert not alone.home.exists()  # nothing is made again
    for server in ("vectors", "postgres"):
        kill(servers[server])


@row(ARCHITECTURE, "resident projector, its home removed or moved")
def test_it_ends_when_its_home_is_moved(alone):
    alone("browse", "religion")
    pid = started(alone)
    moved = with_projector(Grove(alone.home.parent / "moved"))
    alone.home.rename(moved.home)
    moved.sockets = str(moved.home / "run")  # PostgreSQL tells where it was
    try:
        moved("browse", "religion")
        wait_ended(pid)
        moved("browse", "religion")
        assert started(moved) != pid and residents(alone) == []
        insert(moved)
        until_projected(moved)
    finally:
        moved("stop")
    assert residents(moved) == []


def test_it_ends_when_its_folder_is_gone(alone):
    """Somebody begins anew with the servers' data, in the same home."""
    alone("browse", "religion")
    pid = started(alone)
    folder = servers_folder(alone) / "projector"
    folder.rename(servers_folder(alone) / "away")
    assert ended(alone, pid) == "ended: its servers' folder is gone from its place"
    assert not folder.exists()


def test_a_home_that_is_not_there_is_not_made(tmp_path):
    done = subprocess.run([BINARY, "sync", "--be-resident", "--home", tmp_path / "none"],
                          capture_output=True, timeout=60, check=False)
    assert (done.returncode, list(tmp_path.iterdir())) == (EXIT_STATUS["not_found"], [])


def test_it_starts_no_postgresql(alone):
    """Neither when it begins, nor when that ends under it."""
    done = alone("sync", "--be-resident", "--home", alone.home)
    assert done.returncode == 0 and alone.processes() == {}


@pytest.mark.parametrize("change", [
    pytest.param("SELECT 1", id="alike"),
    pytest.param("ALTER TABLE grove.outbox RENAME TO of_a_later_grove", id="unlike")])
def test_it_leaves_a_schema_of_another_version_alone(alone, change):
    """Also one in which it cannot even look what is due."""
    alone("browse", "religion")
    pid = started(alone)
    with alone.connect() as conn, conn.transaction():
        conn.execute(change)
        conn.execute("INSERT INTO grove.migration (version, name, checksum, duration_ms)"
                     " SELECT 9999, 'of a later grove', checksum, 0 FROM grove.migration LIMIT 1")
    assert ended(alone, pid) == \
        "ended: the database has the schema of another version of grove"


def test_a_new_schema_gets_a_new_one(alone):
    """The one of the version before has not noticed yet."""
    alone("browse", "religion")
    pid = started(alone)
    os.kill(pid, signal.SIGSTOP)
    with alone.connect() as conn:  # so that every migration is applied
        for schema in ("grove", "public"):
            conn.execute(f"DROP SCHEMA {schema} CASCADE")
        conn.execute("CREATE SCHEMA public")
    alone("browse", "religion", env={"GROVE_KNOBS": "resident-stop-ms=100"})
    wait_ended(pid)
    assert started(alone) != pid


# --- other programs -------------------------------------------------------------------------------

# A program that has the library only: it opens a handle, and asks for nothing in particular.
PROGRAM = """
import ctypes, sys
grove = ctypes.CDLL(sys.argv[1])
grove.grove_close.argtypes = [ctypes.c_void_p]
grove.grove_browse.argtypes = [ctypes.c_void_p] * 4
handle, result = ctypes.c_void_p(), ctypes.c_void_p()
error, request = ctypes.create_string_buffer(65536), ctypes.create_string_buffer(4096)
assert grove.grove_open(None, ctypes.byref(handle), error) == 0, error.raw
grove.grove_browse(handle, request, ctypes.byref(result), error)
print("ready", flush=True)
sys.stdin.read()
grove.grove_close(handle)
"""


@contextlib.contextmanager
def library_user(grove, library):
    program = subprocess.Popen([sys.executable, "-c", PROGRAM, library], env=grove.env, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert program.stdout.readline() == "ready\n"
    try:
        yield program
    finally:
        program.communicate()
        assert program.returncode == 0


LIBRARY = pathlib.Path(BINARY).resolve().parent / "libgrove.so"


@pytest.mark.skipif(not LIBRARY.exists(), reason="the library is not beside the command")
def test_a_library_finds_the_command_beside_it(home):
    end_all(home)
    with library_user(home, LIBRARY):
        assert started(home)


@pytest.mark.skipif(not LIBRARY.exists(), reason="the library is not beside the command")
def test_a_library_without_a_command_projects_itself(home, tmp_path):
    """As long as its handle is open."""
    if os.path.exists("/usr/local/bin/grove"):
        pytest.skip("grove is installed")
    end_all(home)
    library = shutil.copy(LIBRARY, tmp_path / "libgrove.so.0")
    with library_user(home, library):
        insert(home)
        until_projected(home)
        assert residents(home) == []


def test_an_ordinary_user(ordinary):
    ordinary.env["GROVE_PROJECTOR"] = "on"
    ordinary("demo")
    insert(ordinary)
    until_projected(ordinary)
    pid = started(ordinary)
    assert os.stat(f"/proc/{pid}").st_uid == ordinary.home.stat().st_uid
    if os.geteuid() == 0:  # root uses the home of somebody: it runs as that one
        end_all(ordinary)
        root = Grove(ordinary.home)
        root.env.update(GROVE_PROJECTOR="on", GROVE_ASSETS=ordinary.env["GROVE_ASSETS"])
        command = shutil.copy(BINARY, ordinary.home.parent.parent / "roots")
        root.command = [command]
        root("browse", "religion")
        assert os.stat(f"/proc/{started(root)}").st_uid == ordinary.home.stat().st_uid
    ordinary("stop")
    assert ordinary.processes() == {}
