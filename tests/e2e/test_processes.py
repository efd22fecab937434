# SPDX-License-Identifier: Apache-2.0
"""Any number of grove processes, and any of them killed."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest
from conftest import (EXIT_STATUS, MIGRATIONS, Grove, command_lines, end_home, make_home, make_row,
                      make_vector, wait_until, write_rows)
from crashes import kill

pytestmark = pytest.mark.slow


def main_processes(grove):
    """How many servers of each kind the home has."""
    found = {"postgres": 0, "vectors": 0}
    servers = os.path.realpath(grove.home / "servers")
    for _, line in command_lines():
        if f"{servers}/pg".encode() in line and line[0].endswith(b"bin/postgres"):
            found["postgres"] += 1
        elif f"{servers}/vector".encode() in line and b"--builder" not in line:
            found["vectors"] += 1
    return found


def finish(processes):
    results = []
    for process in processes:
        out, err = process.communicate(timeout=120)
        results.append((process.returncode, out, err))
    return results


def test_a_fresh_home_gets_one_server_each(grove):
    commands = [["init"], ["browse", "religion"], ["load", "/dev/null"], ["init"], ["status"],
                ["search", "x"], ["init"], ["load", "/dev/null"]]
    done = finish([grove.start("--json", *command) for command in commands])
    for command, (status, out, err) in zip(commands, done, strict=True):
        # Those that only read may have come before there was a home.
        early = command[0] in ("browse", "search") and status == EXIT_STATUS["not_found"]
        if command != ["status"] and not early:
            assert status == 0, (command, out, err)
    assert main_processes(grove) == {"postgres": 1, "vectors": 1}
    assert sum(json.loads(out)["applied"] for command, (_, out, _) in zip(commands, done)
               if command == ["init"]) <= MIGRATIONS
    # The servers outlive the commands, and end with one word.
    assert grove.json("status")["ok"] is True
    assert grove("stop").stdout == "the private servers are stopped\n"
    assert main_processes(grove) == {"postgres": 0, "vectors": 0}
    assert grove("stop").stdout == "nothing to stop: no private server ran\n"
    assert grove.json("stop") == {"stopped": True, "ran": False, "forced": False}
    assert grove("status", check=False).returncode == EXIT_STATUS["unavailable"]


def test_everything_killed_at_once(shared):
    servers = shared.processes()
    for pid in servers.values():
        kill(pid)
    done = finish([shared.start("--json", "search", "faith") for _ in range(6)])
    for status, out, err in done:
        assert status == 0, (out, err)
        answer = json.loads(out)
        assert answer["complete"] is True and len(answer["results"]) == 8
    assert main_processes(shared) == {"postgres": 1, "vectors": 1}
    assert not set(shared.processes().values()) & set(servers.values())


def test_a_database_that_refuses_connections_says_why(shared):
    with shared.connect(dbname="postgres") as conn:
        conn.execute("ALTER DATABASE grove SET session_preload_libraries = 'no_such_library'")
        try:
            error = shared.fails("unavailable", "browse", "religion")
        finally:
            conn.execute("ALTER DATABASE grove RESET session_preload_libraries")
    assert error["message"] == 'could not connect to the database "grove"'
    assert 'could not access file "no_such_library"' in error["detail"]
    assert "\n" not in error["detail"]
    shared("browse", "religion")


def test_homes_do_not_meet(shared, tmp_path):
    """A second home, and a copy of the first one: each has data and servers of its own."""
    row = make_row(1, title="Only in the first", vector=make_vector(1))
    shared("load", write_rows(tmp_path / "x", [row]))
    shared("stop")
    folder = make_home()
    copy = Grove(os.path.join(folder, "copy"))
    subprocess.run(["cp", "-a", shared.home, copy.home], check=True)
    try:
        assert shared.json("browse", "subject1")["total"] == 1
        assert copy.json("browse", "subject1")["total"] == 1
        for home in (shared, copy):
            assert len(home.json("search", "faith", "--limit", "20")["results"]) == 9
        assert not set(shared.processes().values()) & set(copy.processes().values())
        assert main_processes(shared) == main_processes(copy) == {"postgres": 1, "vectors": 1}
        second = make_row(2, title="Only in the copy", vector=make_vector(2))
        copy("load", write_rows(tmp_path / "y", [second]))
        assert copy.json("browse", "subject1")["total"] == 2
        assert shared.json("browse", "subject1")["total"] == 1
        titles = [hit["title"] for hit in
                  shared.json("search", "row", "--limit", "20", "--exact")["results"]]
        assert len(titles) == 9 and "Only in the copy" not in titles
        copy("stop")
        assert main_processes(shared) == {"postgres": 1, "vectors": 1}
        # What a copy that was broken off may have: the id and nothing else.
        other = Grove(os.path.join(folder, "other"))
        os.mkdir(other.home, 0o755)
        shutil.copy(shared.home / "id", other.home / "id")
        assert other.json("browse", "religion")["total"] == 0
        assert other.json("search", "faith")["results"] == []
        assert main_processes(other) == {"postgres": 1, "vectors": 1}
        other("stop")
    finally:
        copy("stop", check=False)
        end_home(copy)


def test_a_hung_vector_server(shared):
    """It accepts and says nothing: nobody waits long, and everybody is told what to do."""
    shared("search", "faith")  # the servers run
    pid = shared.processes()["vectors"]
    hurried = shared.hurried(engine_read_ms=500)
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        commands = [hurried.start("--json", *command) for command in
                    (["search", "faith", "--path", "religion"], ["status"], ["sync"])]
        search, status, sync = finish(commands)
        assert time.monotonic() - began < 15
    finally:
        os.kill(pid, signal.SIGCONT)
    answer = json.loads(search[1])
    assert search[0] == 0 and answer["degraded"] is True and answer["complete"] is True
    assert len(answer["results"]) == 8
    assert "did not answer in time" in answer["degraded_reason"]
    assert "grove stop" in answer["degraded_reason"]
    assert status[0] == EXIT_STATUS["unavailable"]
    assert "did not answer in time" in json.loads(status[1])["engine"]["error"]
    error = json.loads(sync[1])["error"]
    assert sync[0] == EXIT_STATUS["timeout"] and error["retry"] == "later"
    assert "grove stop" in error["hint"]
    wait_until(lambda: shared.json("search", "faith", "--path", "religion")["degraded"] is False)


def test_a_stale_process_number(shared):
    """The number in postmaster.pid was given to another process since."""
    shared("search", "faith")  # both servers run
    servers = shared.processes()
    kill(servers["postgres"])
    pid_file = pathlib.Path(os.path.realpath(shared.home / "servers")) / "pg" / "postmaster.pid"
    lines = pid_file.read_text().splitlines(True)
    assert lines[0] == f"{servers['postgres']}\n"
    # Another process of the same account, which PostgreSQL would take for its postmaster.
    pid_file.write_text(f"{servers['vectors']}\n" + "".join(lines[1:]))
    assert shared.json("browse", "religion")["total"] == 8
    assert main_processes(shared) == {"postgres": 1, "vectors": 1}
    # The same for the vector server.
    pid_file = pid_file.parent.parent / "vector" / "pid"
    servers = shared.processes()
    kill(servers["vectors"])
    pid_file.write_text(f"{servers['postgres']} {pid_file.read_text().split()[1]}\n")
    assert len(shared.json("search", "faith", "--path", "religion")["results"]) == 8
    assert shared.processes()["postgres"] == servers["postgres"]
    assert main_processes(shared) == {"postgres": 1, "vectors": 1}


@pytest.fixture
def blocked(shared):
    """A query that waits for a lock, and a connection to look at it."""
    holder, conn = shared.connect(), shared.connect()
    holder.execute("BEGIN")
    holder.execute("LOCK TABLE content_metadata IN ACCESS EXCLUSIVE MODE")
    process = shared.start("--json", "browse", "religion")
    pid = wait_until(lambda: conn.execute(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'grove'"
        " AND wait_event_type = 'Lock'").fetchone())[0]
    yield process, pid, conn
    process.kill()
    process.wait()
    holder.close()
    conn.close()


def test_server_gone_in_the_middle_of_a_query(blocked):
    process, pid, conn = blocked
    conn.execute("SELECT pg_terminate_backend(%s)", (pid,))
    out, _ = process.communicate(timeout=60)
    error = json.loads(out)["error"]
    assert process.returncode == EXIT_STATUS["unavailable"] and error["code"] == "unavailable"
    assert error["retry"] == "later" and error["origin"] == "postgres"
    assert "the same command again" in error["hint"]


def test_server_killed_in_the_middle_of_a_query(shared, blocked):
    process, _, _ = blocked
    for pid in [shared.processes()["postgres"], blocked[1]]:
        os.kill(pid, signal.SIGKILL)
    out, _ = process.communicate(timeout=60)
    error = json.loads(out)["error"]
    assert process.returncode == EXIT_STATUS["unavailable"] and error["code"] == "unavailable"
    assert "lost the connection" in error["message"]
    assert shared.json("browse", "religion")["total"] == 8


def test_a_query_can_be_interrupted(blocked):
    process, _, _ = blocked
    process.send_signal(signal.SIGINT)
    try:
        out, _ = process.communicate(timeout=2)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)  # the second one ends it at once
        process.communicate(timeout=5)
        assert process.returncode == -signal.SIGINT
        return
    assert process.returncode == EXIT_STATUS["cancelled"]
    assert json.loads(out)["error"]["code"] == "cancelled"


def test_an_ordinary_user(ordinary):
    shown = ordinary("demo").stdout
    assert "Believer's Baptism" in shown
    answer = ordinary.json("search", "baptism salvation doctrine", "--type", "Doctrine")
    assert len(answer["results"]) == 3 and answer["complete"] is True
    home = ordinary.home
    assert home.stat().st_uid == home.parent.stat().st_uid
    assert main_processes(ordinary) == {"postgres": 1, "vectors": 1}
    owners = {os.stat(f"/proc/{pid}").st_uid for pid in ordinary.processes().values()}
    assert owners == {home.stat().st_uid}
    for path in [home / "run", *(home / "run").iterdir()]:
        assert path.stat().st_mode & 0o077 == 0, path
    ordinary("stop")
    assert main_processes(ordinary) == {"postgres": 0, "vectors": 0}
