# SPDX-License-Identifier: Apache-2.0
"""Where processes cannot be looked at, or not be seen at all: what cannot be seen is not gone."""

import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import psycopg
import pytest
from conftest import (BINARY, DEMANDED, EXIT_STATUS, INJECTED, MIGRATIONS, Grove, command_lines,
                      copy_of, end_home, find_assets, make_home, make_row, wait_until, write_owner,
                      write_rows)
from crashes import ARCHITECTURE, EMBEDDED, kill, row, state_of

pytestmark = pytest.mark.slow


def servers_of(grove):
    """The numbers of the postmasters and of the vector servers of a home."""
    servers = os.fsencode(os.path.realpath(grove.home / "servers"))
    found = {"postgres": [], "vectors": []}
    for pid, line in command_lines():
        if line[0].endswith(b"bin/postgres") and servers + b"/pg" in line:
            found["postgres"].append(pid)
        elif servers + b"/vector" in line and b"--builder" not in line:
            found["vectors"].append(pid)
    return found


def within(grove, *prefix, program=BINARY, **variables):
    """The command in the same home, started by another one."""
    other = Grove(grove.home, [*prefix, program])
    other.env = {**grove.env, **variables}
    return other


# --- a capability less ----------------------------------------------------------------------------

WITHOUT_PTRACE = ("setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace")


@pytest.fixture(scope="module")
def untraced(shared):
    """Root as it is in a container: it may not look into the processes of other accounts."""
    if os.geteuid() != 0:
        pytest.skip("needs root: an ordinary user sees their own servers")
    shared("search", "faith")
    pid = shared.processes()["postgres"]
    looks = subprocess.run([*WITHOUT_PTRACE, "readlink", f"/proc/{pid}/cwd"], capture_output=True,
                           check=False)
    if looks.returncode == 0:
        pytest.skip("this machine shows the servers' processes all the same")
    return within(shared, *WITHOUT_PTRACE)


def test_without_a_capability_servers_are_seen(shared, untraced):
    shared("sync")  # both servers run
    before = servers_of(shared)
    status = untraced.json("status")
    assert status["ok"] is True and status["database"]["error"] is None
    assert untraced.json("search", "faith")["degraded"] is False
    assert servers_of(shared) == before
    assert untraced.json("stop") == {"stopped": True, "ran": True, "forced": False}
    assert servers_of(shared) == {"postgres": [], "vectors": []}


def test_without_a_capability_a_hung_postgresql_stays_the_only_one(shared, untraced):
    shared("search", "faith")
    before = servers_of(shared)
    postmaster, = before["postgres"]
    pid_file = shared.home.resolve() / "servers" / "pg" / "postmaster.pid"
    hurried = within(shared, *WITHOUT_PTRACE, program=INJECTED,
                     GROVE_KNOBS="pg-connect-ms=1000,pg-silent-ms=1")
    os.kill(postmaster, signal.SIGSTOP)
    try:
        error = hurried.fails("timeout", "browse", "religion")
        assert str(postmaster) in error["message"] and "grove stop" in error["hint"]
        assert servers_of(shared) == before
        assert pid_file.read_text().split()[0] == str(postmaster)
    finally:
        os.kill(postmaster, signal.SIGCONT)
    shared("browse", "religion")
    assert servers_of(shared) == before


# --- another container ----------------------------------------------------------------------------

def can_unshare():
    return os.geteuid() == 0 and subprocess.run(
        ["unshare", "--pid", "--fork", "--mount", "--mount-proc", "true"], capture_output=True,
        check=False).returncode == 0


needs_namespaces = pytest.mark.skipif(not can_unshare(), reason="cannot make a pid namespace here")


def container(grove, script="true"):
    """A command in a pid namespace of its own, with mounts of its own that the script makes."""
    return within(grove, "unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc",
                  "sh", "-c", f'{script} && exec "$0" "$@"')


def hide_sockets(grove):
    """Another container need not have the folder of the sockets."""
    run = grove.socket_folder()
    owner = os.stat(run)
    return (f"mount -t tmpfs -o mode=0700,uid={owner.st_uid},gid={owner.st_gid} none '{run}'")


def assert_told(error):
    assert "in another container" in error["message"], error
    assert "grove stop" in error["hint"], error


@needs_namespaces
def test_servers_of_another_container_are_let_be(shared):
    shared("sync")  # both servers run
    before = servers_of(shared)
    beside = container(shared)
    # Where the sockets are there, they are used.
    assert beside.json("search", "faith")["degraded"] is False
    assert beside.json("status")["ok"] is True
    assert_told(beside.fails("unavailable", "stop"))
    assert servers_of(shared) == before
    apart = container(shared, hide_sockets(shared))
    assert_told(apart.fails("unavailable", "browse", "religion"))
    assert_told(apart.fails("unavailable", "stop"))
    status = json.loads(apart("status", "--json", check=False).stdout)
    assert status["database"]["ok"] is False and status["database"]["error"]
    assert "not running" not in status["database"]["error"]
    assert servers_of(shared) == before
    shared("browse", "religion")


@needs_namespaces
def test_a_vector_server_of_another_container_is_let_be(shared):
    shared("sync")  # both servers run
    before = servers_of(shared)
    socket = os.path.join(shared.socket_folder(), "vectors.sock")
    apart = container(shared, f"mount --bind /dev/null '{socket}'")
    answer = apart.json("search", "faith")
    assert answer["degraded"] is True and "in another container" in answer["degraded_reason"]
    assert_told(apart.fails("unavailable", "sync"))
    assert servers_of(shared) == before


@needs_namespaces
@row(ARCHITECTURE, "a server's container")
def test_servers_of_a_container_that_has_ended_are_gone(filled):
    """All of them died with it. Their numbers are of a pid namespace that is no more."""
    filled("stop")
    container(filled)("search", "faith")
    wait_until(lambda: servers_of(filled) == {"postgres": [], "vectors": []})
    wait_until(lambda: filled.json("search", "faith")["degraded"] is False)
    assert {name: len(pids) for name, pids in servers_of(filled).items()} == {"postgres": 1,
                                                                              "vectors": 1}


@needs_namespaces
def test_where_processes_are_hidden(shared, untraced):
    """/proc shows to each account its own processes only, and root may not look."""
    shared("search", "faith")
    before = servers_of(shared)
    hidden = within(shared, "unshare", "--mount", "sh", "-c",
                    'mount -t proc -o hidepid=2 proc /proc && exec setpriv '
                    '--bounding-set=-sys_ptrace --inh-caps=-sys_ptrace "$0" "$@"')
    assert hidden.json("status")["ok"] is True
    assert servers_of(shared) == before
    assert hidden.json("stop")["ran"] is True
    assert servers_of(shared) == {"postgres": [], "vectors": []}


# --- odd places -----------------------------------------------------------------------------------

ODD_NAMES = {
    "backslash": "back\\slash", "apostrophe": "it's", "quote": 'quo"te', "blanks": "a b ",
    "percent": "100%s %n", "shell": "$HOME `x` \\", "glob": "*?[a-z]{x}", "option": "-rf",
    "conninfo": "k=v&x#y;z", "comma": "a,b", "umlauts": "ümläut", "mixed": "e'\"\\'\"",
    "latin": os.fsdecode(b"latin\xe9"), "long": "long" * 40}


@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES.keys())
def test_a_home_of_any_name_works(name):
    made = copy_of("demo")
    home = made.home.parent / name
    os.rename(made.home, home)
    odd = Grove(home)
    try:
        assert len(odd.json("search", "faith", "--limit", "20")["results"]) == 8
        assert odd.json("sync")["pending"] == 0
        status = odd.json("status")
        assert status["ok"] is True
        assert odd("psql", "--", "-Atc", "SELECT 1").stdout == "1\n"
        assert all(len(pids) == 1 for pids in servers_of(odd).values())
        assert odd.json("stop")["ran"] is True
        assert servers_of(odd) == {"postgres": [], "vectors": []}
    finally:
        end_home(odd)


@pytest.mark.parametrize("name, words", [
    pytest.param(b"new\nline", "control character", id="newline"),
    pytest.param(b"bell\a", "control character", id="bell"),
    pytest.param(b"/".join([b"x" * 250] * 4), "too long", id="long")])
@pytest.mark.parametrize("linked", [False, True], ids=["named", "linked"])
def test_a_home_that_cannot_be_is_refused(name, words, linked, tmp_path):
    """At once, and nothing is made; also where a link leads there."""
    folder = os.path.join(os.fsencode(make_home()), name)
    if linked:
        os.makedirs(folder)
        os.symlink(folder, tmp_path / "link")
    odd = Grove("/nowhere")
    odd.env["GROVE_HOME"] = str(tmp_path / "link") if linked else os.fsdecode(folder)
    for command in ("init", "status", "doctor"):
        done = odd(command, "--json", check=False)
        assert done.returncode != 0
        assert words in done.stdout, (command, done.stdout, done.stderr)
    assert not os.path.exists(folder) or os.listdir(folder) == []


@pytest.fixture
def nameless(tmp_path):
    """A user whose number has no name, as containers make them up."""
    if os.geteuid() != 0:
        pytest.skip("needs root: to become another user")
    folder = make_home()
    program = shutil.copy(BINARY, os.path.join(folder, "grove"))
    os.chmod(program, 0o755)
    user = os.path.join(folder, "user")
    os.mkdir(user, 0o700)
    os.chown(user, 54321, 54321)
    made = Grove(os.path.join(user, "home"),
                 ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", program])
    made.env.update(HOME=user, GROVE_ASSETS=str(find_assets()))
    yield made
    made("stop", check=False)
    shutil.rmtree(folder, ignore_errors=True)


def test_a_user_without_a_name_is_told(nameless):
    doctor = nameless("doctor", check=False)
    assert doctor.returncode != 0 and "user id 54321 has no name" in doctor.stdout
    error = nameless.fails("unsupported", "init")
    assert "user id 54321 has no name" in error["message"] and "/etc/passwd" in error["hint"]
    assert "user id 54321 has no name" in nameless("doctor", check=False).stdout


def owners(folder):
    return {str(path): (path.stat().st_uid, path.stat().st_gid)
            for path in [pathlib.Path(folder), *pathlib.Path(folder).rglob("*")]}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: to become another user")
def test_a_home_of_another_user(ordinary):
    """Root may use it, and leaves its owner all of it; nobody else may, whatever is asked."""
    ordinary("init")
    ordinary("stop")
    before = owners(ordinary.home)
    root = Grove(ordinary.home)
    root("browse", "religion")
    root("stop")
    assert {owner for owner in owners(ordinary.home).values()} == {before[str(ordinary.home)]}
    assert ordinary.json("browse", "religion")["total"] == 0
    other = Grove(ordinary.home, ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups",
                                  ordinary.command[-1]])
    os.chmod(os.path.dirname(ordinary.home), 0o755)
    for line in (("status",), ("browse", "religion"), ("sync",), ("init",), ("stop",)):
        error = other.fails("denied", *line)
        assert "belongs to another user (id 65534)" in error["message"], (line, error)
        assert "GROVE_HOME" in error["hint"]
    assert ordinary.json("search", "rain")["complete"]


@needs_namespaces
@pytest.mark.parametrize("mount", [
    pytest.param("mount -t tmpfs -o mode=0755 none /dev/shm", id="of-root"),
    pytest.param("mount -t tmpfs -o ro none /dev/shm", id="read-only"),
    pytest.param("mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 &&"
                 " mknod -m 666 /dev/urandom c 1 9", id="missing")])
def test_without_shared_memory(mount):
    """It cannot be written to, or is not there: files take its place."""
    folder = tempfile.mkdtemp(prefix="grove-test-", dir="/tmp")
    os.chmod(folder, 0o755)
    write_owner(folder)
    made = Grove(os.path.join(folder, "home"))
    bare = within(made, "unshare", "--mount", "sh", "-c", f'{mount} && exec "$0" "$@"')
    try:
        bare("init")
        bare("browse", "religion")
        assert bare("psql", "--", "-Atc", "SHOW dynamic_shared_memory_type").stdout == "mmap\n"
        # What parallel workers share is there.
        bare("psql", "--", "-Atc", "SET debug_parallel_query = on", "-c", "SELECT count(*) FROM"
             " generate_series(1, 1000)")
    finally:
        bare("stop", check=False)
        end_home(made)


@needs_namespaces
@pytest.mark.parametrize("mount, name, words", [
    pytest.param("mount -t tmpfs -o ro none /tmp", "long" * 40, "shorter one", id="tmp-read-only"),
    pytest.param('mount --bind "$GROVE_HOME" "$GROVE_HOME" && mount -o remount,ro,bind'
                 ' "$GROVE_HOME"', "home", "make it writable", id="home-read-only")])
def test_where_nothing_can_be_written(mount, name, words):
    made = Grove(os.path.join(make_home(), name))
    os.mkdir(made.home, 0o755)
    bare = within(made, "unshare", "--mount", "sh", "-c", f'{mount} && exec "$0" "$@"')
    try:
        done = bare("init", "--json", check=False)
        error = json.loads(done.stdout)["error"]
        assert error["code"] in ("io", "denied") and words in error["hint"], error
    finally:
        end_home(made)


@needs_namespaces
@pytest.mark.parametrize("runs", [True, False])
def test_a_home_that_cannot_be_written_is_looked_at(filled, runs):
    """Status changes nothing; what changes something says why it does not."""
    filled("sync" if runs else "stop")  # by the former both servers run
    mount = 'mount --bind "$GROVE_HOME" "$GROVE_HOME" && mount -o remount,ro,bind "$GROVE_HOME"'
    bare = within(filled, "unshare", "--mount", "sh", "-c", f'{mount} && exec "$0" "$@"')
    done = bare("status", "--json", check=False)
    status = json.loads(done.stdout)
    assert done.returncode == (0 if runs else EXIT_STATUS["unavailable"]), status
    assert status["database"]["ok"] is status["engine"]["ok"] is runs
    assert status["contents"] == (8 if runs else None)
    found = {finding["name"]: finding for finding in
             json.loads(bare("doctor", "--json", check=False).stdout)["findings"]}
    assert found["home"]["verdict"] == "failed" and "make it writable" in found["home"]["hint"]
    assert found["database"]["verdict"] == found["model"]["verdict"] == "ok"
    assert bare.fails("denied", "browse", "religion")["hint"] == found["home"]["hint"]


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o027])
@pytest.mark.parametrize("variables", [{"HOME": None}, {"TMPDIR": "/nowhere/*'\\"}],
                         ids=["no-home", "tmpdir"])
def test_an_odd_caller(filled, umask, variables):
    """What it has in its environment, or has not, changes nothing."""
    for name, value in variables.items():
        filled.env.pop(name, None)
        if value is not None:
            filled.env[name] = value
    before = os.umask(umask)
    try:
        wait_until(lambda: filled.json("search", "faith")["degraded"] is False)
        assert filled.json("status")["ok"] is True
        servers = filled.home.resolve() / "servers"
        for path in [*servers.rglob("*"), pathlib.Path(filled.socket_folder())]:
            assert path.lstat().st_mode & 0o077 == 0 or path.is_symlink(), path
        assert filled.json("stop")["ran"] is True
    finally:
        os.umask(before)


@row(ARCHITECTURE, "a server's socket is removed")
def test_a_removed_socket_comes_back(filled):
    """Only a new start of PostgreSQL's makes it again. Nobody's work is put out for that."""
    filled("browse", "religion")
    socket = os.path.join(filled.socket_folder(), ".s.PGSQL.5432")
    postmaster, = servers_of(filled)["postgres"]
    with filled.connect() as conn, filled.connect() as idle:
        conn.execute("BEGIN")
        conn.execute("CREATE TABLE public.at_work ()")
        os.unlink(socket)
        began = time.monotonic()
        error = filled.fails("unavailable", "browse", "religion")
        assert time.monotonic() - began < 10
        assert f'its socket "{socket}" is gone' in error["message"]
        assert "sessions are at work: 1" in error["message"] and error["retry"] == "later"
        assert str(postmaster) in error["message"] and "grove stop" in error["hint"]
        assert idle.execute("SELECT 1").fetchone() == (1,)
        conn.execute("COMMIT")
        commands = [filled.start("browse", "religion", "--json") for _ in range(3)]
        for command in commands:
            out, err = command.communicate(timeout=60)
            assert command.returncode == 0 and json.loads(out)["total"] == 8, (out, err)
        again, = servers_of(filled)["postgres"]
        assert again != postmaster
        with pytest.raises(psycopg.OperationalError):
            idle.execute("SELECT 1")
    with filled.connect() as conn:
        assert conn.execute("SELECT * FROM public.at_work").fetchall() == []
    assert os.path.exists(socket)
    # The folder as well: it is made again.
    shutil.rmtree(os.path.dirname(socket))
    assert filled.json("browse", "religion")["total"] == 8
    assert again not in servers_of(filled)["postgres"] and len(servers_of(filled)["postgres"]) == 1


@row(EMBEDDED, "its lock or its socket is gone from its place")
def test_a_removed_socket_of_the_vector_server_comes_back(filled):
    """The vector server ends when it sees it, and is started again."""
    filled("sync")
    vectors, = servers_of(filled)["vectors"]
    os.unlink(os.path.join(filled.socket_folder(), "vectors.sock"))
    assert filled.json("sync")["pending"] == 0
    assert filled.json("search", "faith")["degraded"] is False
    assert vectors not in servers_of(filled)["vectors"]


@needs_namespaces
def test_a_socket_that_is_hidden_is_not_removed(shared):
    """A service with a /tmp of its own, say, in the same pid namespace. Others use the server."""
    shared("search", "faith")
    before = servers_of(shared)
    socket = os.path.join(shared.socket_folder(), ".s.PGSQL.5432")
    apart = within(shared, "unshare", "--mount", "sh", "-c",
                   f'{hide_sockets(shared)} && exec "$0" "$@"')
    error = apart.fails("unavailable", "browse", "religion")
    assert f'its socket "{socket}" is gone' in error["message"]
    assert "hidden from here" in error["hint"] and "grove stop" in error["hint"]
    assert servers_of(shared) == before and os.path.exists(socket)
    shared("browse", "religion")


def test_a_server_that_listens_elsewhere_is_let_be(filled):
    """By settings of the user's: a new start would not bring the socket to its place."""
    filled("browse", "religion")
    settings = filled.home.resolve() / "servers" / "pg" / "postgresql.conf"
    elsewhere = filled.home.resolve() / "servers" / "log"
    filled("stop")
    settings.write_text(f"{settings.read_text()}unix_socket_directories = '{elsewhere}'\n")
    for _ in range(2):
        error = filled.fails("unavailable", "browse", "religion")
        assert "is gone" in error["message"], error
    before = servers_of(filled)["postgres"]
    assert len(before) == 1
    filled.fails("unavailable", "browse", "religion")
    assert servers_of(filled)["postgres"] == before


# --- programs that PostgreSQL starts --------------------------------------------------------------

@pytest.fixture
def daemon(filled):
    """A program that PostgreSQL was told to run has left one behind: its number."""
    with filled.connect() as conn:
        conn.execute("CREATE TEMP TABLE left_behind (pid integer)")
        conn.execute("COPY left_behind FROM PROGRAM"
                     " 'setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $!'")
        (pid,), = conn.execute("SELECT pid FROM left_behind").fetchall()
    yield pid
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("how", ["stopped", "killed"])
@row(ARCHITECTURE, "a program that PostgreSQL started outlives it")
def test_a_daemon_is_not_taken_for_postgresql(filled, daemon, how):
    postmaster, = servers_of(filled)["postgres"]
    began = time.monotonic()
    if how == "stopped":
        assert filled.json("stop") == {"stopped": True, "ran": True, "forced": False}
    else:
        kill(postmaster)
    assert filled.json("browse", "religion")["total"] == 8
    assert time.monotonic() - began < 15
    again, = servers_of(filled)["postgres"]
    assert again != postmaster and state_of(daemon) == "S"
    # This one has been started under a lock of its own.
    kill(again)
    assert filled.json("browse", "religion")["total"] == 8
    assert filled.json("stop") == {"stopped": True, "ran": True, "forced": False}
    assert state_of(daemon) == "S"


@needs_namespaces
def test_a_daemon_in_another_container_cannot_be_judged(filled, daemon):
    """It might be PostgreSQL. Whoever can see it takes the lock away, by "grove stop"."""
    postmaster, = servers_of(filled)["postgres"]
    kill(postmaster)
    apart = container(filled)
    assert_told(apart.fails("unavailable", "browse", "religion"))
    assert_told(apart.fails("unavailable", "stop"))
    assert servers_of(filled)["postgres"] == []
    filled("stop")
    assert state_of(daemon) == "S"
    assert apart.json("browse", "religion")["total"] == 8


def test_who_has_no_time_does_not_wait_for_a_start(filled):
    """The start goes on without them."""
    filled("browse", "religion")
    settings = filled.home.resolve() / "servers" / "pg" / "postgresql.conf"
    filled("stop")
    before = settings.read_text()
    settings.write_text(before + "pre_auth_delay = 2\n")  # seconds before it says anything
    began = time.monotonic()
    error = filled.fails("timeout", "browse", "religion", "--timeout", "1s")
    assert time.monotonic() - began < 2
    assert "is still starting" in error["message"] and error["retry"] == "later"
    pid_file = settings.parent / "postmaster.pid"
    postmaster = pid_file.read_text().split()[0]
    assert filled.json("browse", "religion")["total"] > 0
    assert pid_file.read_text().split()[0] == postmaster
    # Whoever is starting or stopping something has the home's lock.
    settings.write_text(before)
    filled("stop")
    with open(filled.home / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        began = time.monotonic()
        filled.fails("timeout", "browse", "religion", "--timeout", "1s")
        assert time.monotonic() - began < 2


def test_a_moved_home_is_stopped(filled):
    filled("search", "faith")
    assert all(servers_of(filled).values())
    moved = Grove(filled.home.parent / "elsewhere")
    os.rename(filled.home, moved.home)
    try:
        assert moved.json("stop")["ran"] is True
        # They were started at the old place, and their arguments say so.
        assert servers_of(filled) == {"postgres": [], "vectors": []}
    finally:
        os.rename(moved.home, filled.home)


def test_where_files_may_not_be_so_large(grove, tmp_path):
    """Told, and nothing is half-made. The signal of that limit would end a host."""
    limited = within(grove, "sh", "-c", 'ulimit -S -f 4 && exec "$0" "$@"')
    error = limited.fails("io", "load", write_rows(tmp_path / "rows", [make_row()]))
    assert "ulimit -f" in error["hint"], error
    # Whoever loads applies what is demanded, as a whole.
    assert grove.json("init")["applied"] in (0, MIGRATIONS - DEMANDED, MIGRATIONS)
    with open(tmp_path / "out", "wb") as output:
        done = subprocess.run(["sh", "-c", 'ulimit -S -f 0 && exec "$0" export', BINARY],
                              env=grove.env, stdout=output, stderr=subprocess.PIPE, timeout=60,
                              check=False)
        assert done.returncode == 0, done  # nothing is there, and nothing is written
        done = subprocess.run(["sh", "-c", 'ulimit -S -f 0 && exec "$0" help', BINARY],
                              env=grove.env, stdout=output, stderr=subprocess.PIPE, timeout=60,
                              check=False)
    assert done.returncode == 11 and b"could not write to standard output" in done.stderr, done


@pytest.mark.parametrize("limit, name, value", [
    ("-f 100", "Max file size", "unlimited"), ("-t 1000", "Max cpu time", "unlimited"),
    ("-n 100", "Max open files", None)], ids=["files", "time", "descriptors"])
def test_servers_have_none_of_the_caller_s_limits(filled, limit, name, value):
    """They live for weeks: what a shell had set for itself would end them, or their writes."""
    filled("stop")
    within(filled, "sh", "-c", f'ulimit -S {limit} && exec "$0" "$@"')("sync")
    processes = filled.processes()
    for server in ("postgres", "vectors"):
        limits = pathlib.Path(f"/proc/{processes[server]}/limits").read_text().splitlines()
        soft, hard = next(line[len(name):].split() for line in limits if line.startswith(name))[:2]
        assert soft == hard and value in (None, soft), (server, limits)
