# SPDX-License-Identifier: Apache-2.0
"""Private servers that are killed or hang, and homes whose making is killed, at every point."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess

import pytest
from conftest import (MIGRATIONS, ROOT, command_lines, find_assets, make_row, make_vector,
                      wait_until, write_rows)
from crashes import (ARCHITECTURE, EMBEDDED, PG, VECTOR, Injected, at, end_leases,  # noqa: F401
                     home, kill, row, state_of, through, wait_ended)
from stores import search_tells_all, stores_agree, vector_socket

pytestmark = pytest.mark.slow


def insert(grove, leaf, rows=2):
    """Contents that are in PostgreSQL only, without vectors."""
    with grove.connect() as conn:
        conn.execute("INSERT INTO subject1_hierarchy (branch, limb, leaf) VALUES ('S', 'S', %s)",
                     (leaf,))
        conn.execute("INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
                     " chunk_number, content_summary)"
                     " SELECT 'subject1_hierarchy', id, 'Note', leaf, n, 'Number ' || n"
                     " FROM subject1_hierarchy, generate_series(1, %s) AS n"
                     " WHERE leaf = %s", (rows, leaf))


def servers_folder(grove):
    return pathlib.Path(os.path.realpath(grove.home / "servers"))


def vectors_folder(grove):
    return servers_folder(grove) / "vector"


# --- the vector server ----------------------------------------------------------------------------

@row(ARCHITECTURE, "vector server, `kill -9`")
@row(VECTOR, "`kill -9` of the private server")
@row(EMBEDDED, "`kill -9` of the server")
@at("projector-write", "projector-upserted", "projector-written")
def test_the_vector_server_is_killed(home, point):
    """Before a request: that starts it again. After one that was acknowledged: it has it in its
    log, which is all that it has yet."""
    insert(home, point)
    server = home.processes()["vectors"]
    with home.held_at([point], "sync") as projector:
        projector.reach(point)
        kill(server)
        projector.go_on(point)
        report = json.loads(projector.finish())
    assert (report["upserted"], report["pending"]) == (2, 0)
    assert search_tells_all(home)["degraded"] is False  # who projects waited for it
    assert home.processes()["vectors"] != server
    stores_agree(home)


@row(ARCHITECTURE, "vector server, `kill -9`")
@at("search-planned", "search-hits")
def test_the_vector_server_is_killed_in_a_search(home, point):
    server = home.processes()["vectors"]
    right = home.json("search", "candles")["results"]
    with home.held_at([point], "search", "candles") as search:
        search.reach(point)
        kill(server)
        search.go_on(point)
        answer = json.loads(search.finish())
    assert answer["results"] == right and answer["complete"] is True
    wait_until(lambda: search_tells_all(home)["degraded"] is False)
    stores_agree(home)


@row(ARCHITECTURE, "the engine's data lost")
def test_the_data_of_the_engine_are_lost(home):
    contents = stores_agree(home)
    right = home.json("search", "candles")["results"]
    home("stop")
    shutil.rmtree(vectors_folder(home))
    assert search_tells_all(home)["degraded"] is True
    assert home.json("search", "candles")["results"] == right
    assert home.json("sync")["upserted"] == contents == stores_agree(home)
    assert search_tells_all(home)["degraded"] is False


@row(ARCHITECTURE, "the engine's data lost")
@at("projector-write", "projector-upserted", "projector-written", "projector-acknowledged")
def test_the_data_of_the_engine_are_lost_under_a_projector(home, point):
    insert(home, f"lost at {point}")
    with home.held_at([point], "sync") as projector:
        projector.reach(point)
        kill(home.processes()["vectors"])
        shutil.rmtree(vectors_folder(home))
        projector.go_on(point)
        projector.finish()
    search_tells_all(home)
    home("sync")
    stores_agree(home)
    assert search_tells_all(home)["degraded"] is False


# The server's own program, which stops itself when it has taken its folder, before it says so.
SLOW_SERVER = """
import os, signal, sys
sys.path.insert(0, {embedded!r})
from grove_vectors import __main__ as program

take = program.take
def take_slowly(data, given):
    lock = take(data, given)
    os.rename(data + "/pid", data + "/pid.later")
    os.kill(os.getpid(), signal.SIGSTOP)
    return lock
program.take = take_slowly
program.main()
"""


@row(ARCHITECTURE, "making a home")
@at("vector-server-spawned")
def test_a_server_outlives_the_command_that_started_it(home, point):
    """The next command starts another one, which finds the folder taken. (Those that grove starts
    now say who they are before they are the server; those of earlier versions did not.)"""
    folder = vectors_folder(home)
    kill(home.processes()["vectors"])
    script = home.home.parent / "slow_server.py"  # where the servers' account may read
    script.write_text(SLOW_SERVER.format(embedded=str(ROOT / "embedded")))
    owner = folder.stat()
    as_owner = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
    slow = subprocess.Popen(
        ["/usr/bin/python3", "-I", "-S", "-B", script, "--engine", find_assets() / "qdrant-edge",
         "--data", folder, "--socket", vector_socket(home)], stderr=subprocess.DEVNULL, **as_owner)
    try:
        wait_until(lambda: (folder / "pid.later").exists() and state_of(slow.pid) == "T")
        with home.held_at([point], "search", "candles") as search:
            search.reach(point)
            os.rename(folder / "pid.later", folder / "pid")
            wait_until(lambda: "another server uses" in
                       (folder.parent / "log" / "vector.log").read_text())
            search.go_on(point)
            slow.send_signal(signal.SIGCONT)
            assert json.loads(search.finish())["complete"] is True
            wait_until(lambda: search_tells_all(home)["degraded"] is False)
        stores_agree(home)
    finally:
        slow.kill()
        slow.wait()


# --- PostgreSQL -----------------------------------------------------------------------------------

def backend_of(grove):
    """The server process that works for the one command there is."""
    with grove.connect() as conn:
        found = conn.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'grove'"
                             " AND backend_type = 'client backend'").fetchall()
    assert len(found) == 1, found
    return found[0][0]


@row(ARCHITECTURE, "PostgreSQL, `kill -9` of its postmaster")
@row(PG, "`kill -9` of the postmaster")
@pytest.mark.parametrize("victim, point", [
    ("postmaster", "load-vectors"), ("postmaster", "load-committed"), ("backend", "load-vectors"),
    ("vectors", "projector-upserted"), ("everything", "load-vectors"),
    ("everything", "projector-upserted")])
def test_killed_in_the_middle_of_a_load(home, tmp_path, victim, point):
    leaf = f"{victim} at {point}"
    files = [write_rows(tmp_path / name, [make_row(number, limb=name, leaf=leaf,
                                                   vector=make_vector(f"{leaf}{name}{number}"))
                                          for number in (1, 2, 3)]) for name in ("a", "b")]
    with home.held_at([f"{point}@2"], "load", *files) as load:
        load.reach(f"{point}@2")
        servers = home.processes()
        for pid in {"postmaster": lambda: [servers["postgres"]],
                    "backend": lambda: [backend_of(home)],
                    "vectors": lambda: [servers["vectors"]],
                    "everything": lambda: [load.process.pid, *servers.values()]}[victim]():
            kill(pid)
        if victim != "everything":
            load.go_on(f"{point}@2")
            # It has tried again, with new servers. After its commit it may give up instead.
            if point == "load-committed" and load.process.wait(60) != 0:
                assert json.loads(load.finish("unavailable"))["error"]["retry"] == "later"
            else:
                assert json.loads(load.finish())["rows_inserted"] == 6
    search_tells_all(home)
    end_leases(home)
    report = home.json("load", *files)
    there = 3 if (victim, point) == ("everything", "load-vectors") else 6
    assert (report["rows_inserted"], report["rows_unchanged"]) == (6 - there, there)
    assert report["pending"] == 0
    stores_agree(home)
    assert set(home.processes()) == {"postgres", "vectors"}


def hold_a_lock(process, path):
    """Whether the process has this file locked, as /proc/locks tells."""
    inode = os.stat(path).st_ino
    return any(f" {process.pid} " in line and line.split()[5].endswith(f":{inode}")
               for line in pathlib.Path("/proc/locks").read_text().splitlines()
               if "->" not in line)


@row(ARCHITECTURE, "PostgreSQL, `kill -9` of its postmaster")
@pytest.mark.parametrize("orphan", ["ends", "stays"])
def test_the_postmaster_is_killed_and_leaves_an_orphan(home, orphan):
    """A session that is stopped does not see that its postmaster has gone. Whoever starts the next
    one waits for it, and kills it when it has waited for long enough."""
    insert(home, f"an orphan {orphan}")
    conn = home.connect()
    contents, = conn.execute("SELECT count(*) FROM content_metadata").fetchone()
    conn.execute("BEGIN")
    conn.execute("DELETE FROM content_metadata")
    session = conn.info.backend_pid
    os.kill(session, signal.SIGSTOP)
    try:
        wait_until(lambda: state_of(session) == "T")
        postmaster = home.processes()["postgres"]
        kill(postmaster)
        knobs = {"GROVE_KNOBS": "pg-orphans-ms=100"} if orphan == "stays" else {}
        browse = home.start("browse", "religion", "--json", env=knobs)
        if orphan == "ends":
            wait_until(lambda: hold_a_lock(browse, home.home / "lock"))
            assert browse.poll() is None and state_of(session) == "T"
            os.kill(session, signal.SIGCONT)
        out, err = browse.communicate(timeout=60)
        assert browse.returncode == 0, (out, err)
        wait_ended(session)
    finally:
        if state_of(session) == "T":
            os.kill(session, signal.SIGKILL)
        conn.close()
    assert home.processes()["postgres"] != postmaster
    home("sync")
    assert stores_agree(home) == contents
    search_tells_all(home)


def open_files(process):
    found = []
    for link in pathlib.Path(f"/proc/{process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed since
            found.append(os.readlink(link))
    return found


def has_handler(process, number):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    mask, = (line for line in text.splitlines() if line.startswith("SigCgt"))
    return int(mask.split()[1], 16) >> (number - 1) & 1


@row(ARCHITECTURE, "PostgreSQL hangs (accepts connections, never answers)")
@row(PG, "a postmaster that accepts connections and never answers")
@row(PG, "cancelled while starting")
def test_postgresql_hangs(home):
    """The times are as short as libpq has them: it waits for two seconds at least."""
    env = {"GROVE_KNOBS": "pg-connect-ms=1000,pg-silent-ms=1,pg-quit-ms=1"}
    insert(home, "before the silence")
    postmaster = home.processes()["postgres"]
    os.kill(postmaster, signal.SIGSTOP)
    try:
        ended, told = (home.start("--json", "browse", "religion", env=env) for _ in range(2))
        wait_until(lambda: has_handler(ended, signal.SIGTERM))
        ended.send_signal(signal.SIGTERM)
        assert json.loads(ended.communicate(timeout=30)[0])["error"]["code"] == "cancelled"
        error = json.loads(told.communicate(timeout=30)[0])["error"]
        assert (error["code"], error["retry"]) == ("timeout", "later"), error
        assert str(postmaster) in error["message"] and "grove stop" in error["hint"]
        assert state_of(postmaster) == "T"
        done = home("stop", env=env)
        assert "stopped" in done.stdout and "killed" in done.stderr
        wait_ended(postmaster)
    finally:
        if state_of(postmaster) == "T":
            os.kill(postmaster, signal.SIGCONT)
    home("sync")
    assert search_tells_all(home)["degraded"] is False
    stores_agree(home)


# --- homes ----------------------------------------------------------------------------------------

@pytest.fixture
def unmade(grove):
    return Injected(grove.home)


def unfinished(grove):
    return list(servers_folder(grove).glob("pg.new*"))


@row(ARCHITECTURE, "making a home")
@row(ARCHITECTURE, "initdb")
@row(PG, "killed in initdb")
@through("home-named", "home-servers-made", "cluster-initialised", "cluster-created",
         "cluster-found", "cluster-started", "migration-applied", "vector-server-spawned")
def test_the_making_of_a_home_is_killed(unmade, points):
    """At each of the points in turn: the next command goes on to the next one."""
    left = {}
    for point in points:
        unmade.dies_at(point, "init")
        left[point] = ((unmade.home / "id").exists(), len(unfinished(unmade)),
                       (servers_folder(unmade) / "pg").exists(), sorted(unmade.processes()))
    assert left == {
        "home-named": (True, 0, False, []),
        "home-servers-made": (True, 0, False, []),
        "cluster-initialised": (True, 1, False, []),
        "cluster-created": (True, 0, True, []),
        "cluster-found": (True, 0, True, ["postgres"]),
        "cluster-started": (True, 0, True, ["postgres"]),
        "migration-applied": (True, 0, True, ["postgres"]),
        "vector-server-spawned": (True, 0, True, ["postgres", "vectors"])}
    assert unmade.json("init")["applied"] == 0
    unmade("demo")
    assert stores_agree(unmade) == 8
    search_tells_all(unmade)


@row(ARCHITECTURE, "making a home")
@at("home-servers-made")
def test_two_make_a_home(unmade, point):
    """Who finds that another one is at it waits for it."""
    with unmade.held_at([point], "init") as init:
        init.reach(point)
        second = unmade.start("stop", "--json")
        lock = os.path.realpath(unmade.home / "lock")
        wait_until(lambda: second.poll() is not None or lock in open_files(second))
        assert second.poll() is None, second.communicate()
    out, err = second.communicate(timeout=60)
    assert second.returncode == 0, (out, err)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: else no other account is used")
@pytest.mark.parametrize("umask", [0o022, 0o077])
@row(ARCHITECTURE, "making a home")
@at("home-made")
def test_two_make_a_home_and_agree_where(unmade, point, umask):
    """Who comes while a home is not open to the servers' account yet may put their data elsewhere;
    then all look for them there."""
    before = os.umask(umask)
    try:
        with unmade.held_at([point], "init") as init:
            init.reach(point)
            unmade("init")
            init.go_on(point)
            init.finish()
    finally:
        os.umask(before)
    assert unmade.json("status")["ok"] is True
    if umask == 0o022:
        assert not (unmade.home / "servers").is_symlink()
    assert unmade.broken() == ""


def initdb_of(grove):
    """The initdb that works for a home, if there is one."""
    for pid, line in command_lines():
        if line[0].endswith(b"/initdb") and str(servers_folder(grove)).encode() in line[2]:
            return pid
    return None


@row(ARCHITECTURE, "initdb")
@row(PG, "killed in initdb")
@at("cluster-initialised")
def test_an_initdb_outlives_its_command(unmade, point):
    """It fails when its folder is gone, and clears that away, while another one is at work."""
    killed = unmade.start("init")
    orphan = wait_until(lambda: unfinished(unmade) and initdb_of(unmade))
    os.kill(orphan, signal.SIGSTOP)
    try:
        kill(killed.pid)
        killed.communicate()
        wait_until(lambda: state_of(orphan) == "T")
        with unmade.held_at([point], "init") as init:
            init.reach(point)
            os.kill(orphan, signal.SIGCONT)
            wait_ended(orphan)
            init.go_on(point)
            assert json.loads(init.finish())["applied"] == MIGRATIONS
    finally:
        if state_of(orphan) == "T":
            os.kill(orphan, signal.SIGKILL)
    assert unfinished(unmade) == []
    assert stores_agree(unmade) == 0


CATALOGUE = """
    SELECT 'relation', relname, relkind::text FROM pg_class
    WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'grove'))
    UNION ALL
    SELECT 'function', proname, prosrc FROM pg_proc
    WHERE pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'grove'))
    UNION ALL
    SELECT 'schema', nspname, '' FROM pg_namespace
    UNION ALL
    SELECT 'trigger', tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal
    ORDER BY 1, 2, 3
"""


@row(ARCHITECTURE, "migration")
@at("migration-applied")
def test_each_migration_is_killed(home, point):
    """In a database beside the home's own."""
    with home.connect() as conn:
        conn.execute("CREATE DATABASE migrated")
    env = {"DATABASE_URL": f"postgresql://grove@/migrated?host={home.socket_folder()}",
           "GROVE_COLLECTION": "migrated"}

    def look():
        with home.connect("migrated") as conn:
            catalogue = conn.execute(CATALOGUE).fetchall()
            ledgers = [name for kind, name, _ in catalogue if kind == "relation"
                       and name in ("migration", "ledger")]
            applied = sum(conn.execute(f"SELECT count(*) FROM grove.{ledger}").fetchone()[0]
                          for ledger in ledgers)
        return applied, catalogue

    # Online ones are no transaction, and go along with the one before.
    versions = [number for number, path in enumerate(sorted((ROOT / "sql").glob("[0-9]*.sql")), 1)
                if "-- kind: online" not in path.read_text()]
    for version in versions:
        before = look()
        assert before[0] == version - 1
        home.dies_at(point, "init", env=env)
        assert look() == before
        if version != versions[-1]:
            home.dies_at(f"{point}@2", "init", env=env)  # one more is applied
    assert home.json("init", env=env)["applied"] == 1
    assert home.json("browse", "religion", env=env)["total"] == 0
    with home.connect() as conn:
        conn.execute("DROP DATABASE migrated WITH (FORCE)")
