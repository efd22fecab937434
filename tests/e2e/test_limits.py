# SPDX-License-Identifier: Apache-2.0
"""Commands that prepare, change and stop: they end in the time that they are given, and when they
are told to, whatever they wait for just then."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import threading
import time

import pytest
from conftest import EXIT_STATUS, make_row, make_vector, wait_until, write_rows
from crashes import Injected, at

# What all migrations are applied under (src/catalog/migrate.c).
LOCK_KEY = 7454108919


@contextlib.contextmanager
def silent_server():
    """Accepts connections, and says nothing; its port, and an event: somebody has come."""
    listener, came, held = socket.create_server(("127.0.0.1", 0)), threading.Event(), []

    def accept():
        with contextlib.suppress(OSError):
            while True:
                held.append(listener.accept()[0])
                came.set()
    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], came
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()
        for connection in held:
            connection.close()


def ends_late(grove, *command, env=None):
    """Of a command with --timeout: its error."""
    error = grove.fails("timeout", *command, "--timeout", "1500ms", env=env, timeout=60)
    assert "1.5 s" in error["message"] + error["hint"], error
    return error


def ends_by_signal(grove, when, *command, env=None, number=signal.SIGINT):
    """Of a command that is told to end when() holds."""
    process = grove.start(*command, env=env)
    try:
        wait_until(when)
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == EXIT_STATUS["cancelled"], said
    assert "stopped on request" in said


# --- commands of several steps --------------------------------------------------------------------

def test_doctor_ends_in_its_time(filled):
    """Also where nothing is waited for: what it looks at is large."""
    error = filled.fails("timeout", "doctor", "--timeout", "1ms")
    assert "0.001 s" in error["message"]
    filled("doctor", "--timeout", "60s")


@at("search-hydrated")
def test_demo_ends_in_its_time(filled, point, tmp_path):
    """All of its steps together, not each of them: the search uses the time up."""
    filled("browse", "religion")
    there, late = tmp_path / "there", time.monotonic() + 4
    process = Injected(filled.home).start("--json", "demo", "--timeout", "3s", env={
        **filled.env, "GROVE_INJECT": f"{point}=wait:{there}"})
    try:
        wait_until(lambda: there.exists() or process.poll() is not None)
        wait_until(lambda: time.monotonic() > late)
        there.unlink(missing_ok=True)
        said, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == EXIT_STATUS["timeout"], said
    assert "3 s" in json.loads(said)["error"]["message"]


@at("load-committed")
def test_a_load_ends_soon_after_its_time(filled, point, tmp_path):
    """A batch that is committed is finished, but not in the 30 s that an engine may take."""
    filled("search", "faith")
    there, pid = tmp_path / "there", filled.processes()["vectors"]
    rows = write_rows(tmp_path / "rows",
                      [make_row(n, vector=make_vector(n)) for n in range(1, 9)])
    process = Injected(filled.home).start("--json", "load", rows, "--timeout", "2s", env={
        **filled.env, "GROVE_INJECT": f"{point}=wait:{there}", "GROVE_PROJECTOR": "off"})
    try:
        wait_until(lambda: there.exists() or process.poll() is not None)
        os.kill(pid, signal.SIGSTOP)
        there.unlink()
        said, _ = process.communicate(timeout=20)
    finally:
        os.kill(pid, signal.SIGCONT)
        process.kill()
    assert process.returncode == EXIT_STATUS["timeout"], said
    assert "8 rows are loaded so far" in json.loads(said)["error"]["hint"]
    filled("sync")
    assert filled.json("verify")["equal"]


# --- servers that say nothing ---------------------------------------------------------------------

@pytest.mark.parametrize("variable, form", [
    ("DATABASE_URL", "postgresql://nobody@127.0.0.1:{}/x"), ("QDRANT_URL", "http://127.0.0.1:{}")])
def test_init_where_a_server_is_silent(empty, variable, form):
    with silent_server() as (port, came):
        env = {variable: form.format(port)}
        ends_late(empty, "init", env=env)
        came.clear()
        ends_by_signal(empty, came.is_set, "init", env=env)


# --- locks that others hold -----------------------------------------------------------------------

def waiting(conn):
    return conn.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0]


def asking(conn):
    """Sessions that have asked for the lock of migrations, and not got it."""
    return conn.execute("SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                        " AND query LIKE '%pg_try_advisory_lock%'").fetchone()[0]


def test_init_while_somebody_else_migrates(empty):
    with empty.connect() as other, empty.connect() as conn:
        other.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
        ends_late(empty, "init")
        assert waiting(conn) == 0  # nobody waits in the server: it is asked again and again
        ends_by_signal(empty, lambda: asking(conn), "init")
        wait_until(lambda: asking(conn) == 0)


def test_another_precision_while_somebody_holds_the_setting(filled):
    with filled.connect() as other, filled.connect() as conn, other.transaction():
        other.execute("SELECT FROM grove.setting WHERE name = 'model' FOR UPDATE")
        ends_late(filled, "init", "--precision", "reduced", "--now")
        assert waiting(conn) == 0
        ends_by_signal(filled, lambda: waiting(conn), "init", "--precision", "reduced",
                       "--now")
        wait_until(lambda: waiting(conn) == 0)
        assert conn.execute("SELECT value FROM grove.setting WHERE name = 'model'").fetchone() \
            == ("all-MiniLM-L6-v2/f32",)


@pytest.mark.parametrize("command", ["init", "stop"])
@pytest.mark.parametrize("used", [False, True], ids=["new", "used"])
def test_while_somebody_else_starts_or_stops(filled, command, used):
    """The home's lock is held: to make a new home's own what is in it, or to start the engine."""
    if used:
        filled("browse", "religion")
    with open(filled.home / "lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ends_late(filled, command)

        def has_it_open():
            place = os.path.realpath(filled.home / "lock")
            with contextlib.suppress(OSError):
                return any(os.path.realpath(f"/proc/{process.pid}/fd/{fd}") == place
                           for fd in os.listdir(f"/proc/{process.pid}/fd"))
            return False
        process = filled.start(command)
        try:
            wait_until(has_it_open)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()
        assert process.returncode == EXIT_STATUS["cancelled"], said


# --- servers that do not end ----------------------------------------------------------------------

def told_to_end(pid, number):
    """Whether the signal waits for the process, which is stopped."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        pending = [line.split()[1] for line in status if line.startswith(("SigPnd", "ShdPnd"))]
    return any(int(mask, 16) >> (number - 1) & 1 for mask in pending)


@pytest.mark.parametrize("name, number", [("vectors", signal.SIGTERM),
                                          ("postgres", signal.SIGQUIT)])
def test_stop_where_a_server_does_not_end(filled, name, number):
    filled("search", "faith")
    pid = filled.processes()[name]
    os.kill(pid, signal.SIGSTOP)
    try:
        ends_by_signal(filled, lambda: told_to_end(pid, number), "stop", number=signal.SIGTERM)
        ends_late(filled, "stop")
        assert filled.processes()[name] == pid  # it was not ended by force
    finally:
        os.kill(pid, signal.SIGCONT)
    filled("stop")
    assert filled.processes() == {}


@pytest.mark.parametrize("command", [("psql",), ("psql", "--print"), ("pg_dump",)])
def test_a_client_waits_once_for_a_server_that_hangs(filled, command):
    """It looks at the status and then prepares the database: both in the one time given."""
    filled("search", "faith")
    pid = filled.processes()["postgres"]
    os.kill(pid, signal.SIGSTOP)
    try:
        error = ends_late(filled, *command)
        assert "grove stop" in error["hint"], error
        assert error["detail"], error  # the one call that there was told what it waited for
    finally:
        os.kill(pid, signal.SIGCONT)
    assert filled("psql", "--timeout", "60s", "--", "-Atc", "SELECT 1").stdout == "1\n"


@pytest.mark.parametrize("command", [("rm", "1"), ("mv", "1", "subject1/A/B/C")])
def test_a_row_that_others_have_is_waited_for(filled, command):
    """As long as the command may take, whatever the database says of its sessions."""
    waiting = """SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'
                 AND clock_timestamp() - query_start > interval '300ms'"""
    with filled.connect() as conn, filled.connect() as watcher:
        conn.execute("ALTER DATABASE grove SET lock_timeout = '50ms'")
        with conn.transaction():
            conn.execute("SELECT 1 FROM content_metadata WHERE id = 1 FOR UPDATE")
            process = filled.start(*command, "--timeout", "600s")
            wait_until(lambda: process.poll() is not None
                       or watcher.execute(waiting).fetchone()[0] == 1)
            ended = process.poll()
    _, said = process.communicate(timeout=60)
    assert (ended, process.returncode) == (None, 0), said


def test_a_client_without_a_limit_waits_once_for_a_server_that_hangs(filled):
    """The look told already that the server hangs: it is not waited for again."""
    filled("search", "faith")
    pid = filled.processes()["postgres"]
    os.kill(pid, signal.SIGSTOP)
    try:
        error = filled.fails("timeout", "psql")
    finally:
        os.kill(pid, signal.SIGCONT)
    # By whoever looked; preparing the database would have named what it was doing.
    assert "grove stop" in error["hint"] and not error["context"], error
