# SPDX-License-Identifier: Apache-2.0
"""grove behind a pooler in transaction mode: it works, and leaves nothing behind in sessions that
strangers get next. A real PgBouncer is tried where one is installed."""

import contextlib
import json
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import time

import pytest
from conftest import EXIT_STATUS, MIGRATIONS, make_row, wait_until, write_rows
from crashes import Injected, end_leases, kill
from pooler import Pooler
from stores import stores_agree

SETTINGS = ("timezone", "datestyle", "search_path", "statement_timeout", "lock_timeout",
            "default_transaction_isolation", "application_name")


def use(filled, tmp_path, url):
    """Everything that reads and writes, through the pooler, more often than there are sessions."""
    env = {"DATABASE_URL": url}
    write_rows(tmp_path / "rows.jsonl", [make_row(number) for number in range(1, 6)])
    filled("init", env=env)
    filled("load", tmp_path / "rows.jsonl", env=env)
    for _ in range(3):
        assert filled.json("search", "baptism", env=env)["results"]
        assert filled.json("browse", "religion/Christianity", env=env)["results"]
    filled("discover", "salvation", env=env)
    with filled.connect() as conn:
        conn.execute("UPDATE public.content_metadata SET title = title || '!' WHERE word_count > 0")
    assert filled.json("sync", env=env)["pending"] == 0


def test_each_transaction_meets_another_session(filled, tmp_path):
    with filled.connect() as conn:  # what grove does must not hang on what a session finds
        conn.execute("ALTER ROLE grove IN DATABASE grove SET search_path = nowhere")
        conn.execute("ALTER DATABASE grove SET timezone = 'Asia/Tokyo'")
    with Pooler(filled.socket_folder(), sessions=3) as pooler:
        before = [pooler.ask(f"SHOW {name}") for name in SETTINGS]
        assert ["Asia/Tokyo"] in before[0] and ["nowhere"] in before[2]
        use(filled, tmp_path, pooler.url)
        assert pooler.transactions > 50
        assert [pooler.ask(f"SHOW {name}") for name in SETTINGS] == before
        assert pooler.ask("SELECT name FROM pg_prepared_statements") == [[]] * 3
        assert pooler.ask("SELECT * FROM pg_locks WHERE locktype = 'advisory'") == [[]] * 3
        created = pooler.ask("SELECT abs(extract(epoch FROM created_at - (now() AT TIME ZONE "
                             "'UTC'))) < 3600 FROM public.content_metadata ORDER BY id DESC "
                             "LIMIT 1")
        assert created[0] == ["t"]


def test_where_sessions_are_serializable(filled, tmp_path):
    """By the database's own setting: grove's statements would have writers fail that are, too."""
    with filled.connect() as conn:
        conn.execute("ALTER DATABASE grove SET default_transaction_isolation = 'serializable'")
    with Pooler(filled.socket_folder(), sessions=3) as pooler, filled.connect() as writer:
        use(filled, tmp_path, pooler.url)
        env = {"DATABASE_URL": pooler.url}
        assert pooler.ask("SHOW default_transaction_isolation") == [["serializable"]] * 3
        # What it reads while the writer works leaves no mark that the writer's end would look at.
        writer.execute("BEGIN")
        writer.execute("SELECT count(*) FROM content_metadata, grove.outbox, grove.setting")
        writer.execute("UPDATE content_metadata SET title = title || '?' WHERE word_count > 0")
        assert filled.json("search", "baptism", env=env)["results"]
        assert filled("status", env=env).stdout
        filled("sync", env=env)
        assert writer.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE mode = 'SIReadLock'"
                              ).fetchone() == (1,)
        writer.execute("COMMIT")
        assert filled.json("sync", env=env)["pending"] == 0
    assert filled.broken() == ""


def test_an_online_migration_needs_a_session(filled):
    """What comes before it is applied, and programs behind the pooler go on."""
    made = Injected(filled.home)
    with Pooler(filled.socket_folder(), sessions=2) as pooler:
        behind = {"DATABASE_URL": pooler.url}
        knowing = {"GROVE_KNOBS": f"schema-known={MIGRATIONS + 2}"}
        error = made.fails("unsupported", "init", env={**behind, **knowing})
        assert "a pooler stands between" in error["message"] and "init" in error["hint"]
        assert made.json("status", env={**behind, **knowing})["database"]["schema_version"] == \
            MIGRATIONS + 1
        assert made.json("search", "baptism", env={**behind, **knowing})["complete"]
        assert made.json("init", env=knowing)["applied"] == 1
        assert pooler.ask("SELECT * FROM pg_locks WHERE locktype = 'advisory'") == [[]] * 2


def test_a_subject_comes_and_goes(filled):
    """Each of its phases in another session; two at once, too."""
    with Pooler(filled.socket_folder(), sessions=3) as pooler:
        env = {"DATABASE_URL": pooler.url}
        before = [pooler.ask(f"SHOW {name}") for name in SETTINGS]
        added = filled.json("subject", "add", "science", "--sample", env=env)
        assert all(phase["done"] for phase in added["phases"])
        assert filled.json("subject", "validate", "science", env=env)["ok"]
        for action, late in (("add", "conflict"), ("remove", "not_found")):
            both = [filled.start("subject", action, "law", env=env) for _ in range(2)]
            ended = [(process.communicate(timeout=120), process.returncode) for process in both]
            assert {0} <= {code for _, code in ended} <= {0, EXIT_STATUS[late]}, ended
        filled("subject", "remove", "science", "--with-contents", env=env)
        assert [pooler.ask(f"SHOW {name}") for name in SETTINGS] == before
        assert pooler.ask("SELECT * FROM pg_locks WHERE locktype = 'advisory'") == [[]] * 3
    assert filled.broken() == ""


LEASE = """SELECT lease_owner, grove.is_leased(lease_until, lease_pid, lease_session,
               clock_timestamp()), lease_until < clock_timestamp() + interval '121 seconds'
           FROM grove.outbox"""


def change_one(conn):
    conn.execute("UPDATE public.content_metadata SET title = title || '!'"
                 " WHERE id = (SELECT min(id) FROM public.content_metadata)")


SESSIONS = """SELECT pid FROM pg_stat_activity
              WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"""


def hold(filled, url):
    """A projector that has leased the row, and read it."""
    return Injected(filled.home).held_at(["projector-read"], "sync", env={"DATABASE_URL": url})


def await_end(conn, pids):
    wait_until(lambda: conn.execute("SELECT count(*) FROM pg_stat_activity WHERE"
                                    " pid::text = ANY (%s)", (pids,)).fetchone() == (0,))


def assert_held(filled, conn, owner):
    """It is leased, and another projector, which comes directly, does not take it."""
    assert conn.execute(LEASE).fetchall() == [(owner, True, True)]
    filled("sync", "--timeout", "500ms", check=False)
    assert conn.execute(LEASE).fetchall() == [(owner, True, True)]


def test_a_lease_outlives_the_pooler_s_session(filled):
    """Its sessions come and go while the client works: the lease is the client's."""
    with Pooler(filled.socket_folder(), sessions=2) as pooler, filled.connect() as conn:
        change_one(conn)
        before = sum(pooler.ask("SELECT pg_backend_pid()"), [])
        with hold(filled, pooler.url) as sync:
            sync.reach("projector-read")
            (owner, _, _), = conn.execute(LEASE).fetchall()
            pooler.renew()
            await_end(conn, before)
            assert_held(filled, conn, owner)
            sync.go_on("projector-read")
            assert json.loads(sync.finish())["pending"] == 0
    assert stores_agree(filled) == 8


def test_a_lease_outlives_an_idle_session(filled):
    """A server that ends them is to a lease what a pooler is."""
    with filled.connect() as conn:
        conn.execute("ALTER DATABASE grove SET idle_session_timeout = '300ms'")
        change_one(conn)
        with Injected(filled.home).held_at(["projector-read"], "sync") as sync:
            sync.reach("projector-read")
            (owner, _, _), = conn.execute(LEASE).fetchall()
            await_end(conn, [str(pid) for pid, in conn.execute(SESSIONS).fetchall()])
            assert_held(filled, conn, owner)
            sync.go_on("projector-read")
            assert json.loads(sync.finish())["pending"] == 0
    assert stores_agree(filled) == 8


def test_a_dead_client_s_lease_ends_at_its_time(filled):
    """The pooler keeps the sessions of a client that died, and the lease is not kept with them."""
    with Pooler(filled.socket_folder(), sessions=2) as pooler, filled.connect() as conn:
        change_one(conn)
        with hold(filled, pooler.url) as sync:
            sync.reach("projector-read")
            kill(sync.process.pid)
        (owner, _, _), = conn.execute(LEASE).fetchall()
        assert_held(filled, conn, owner)
        end_leases(filled)
        assert filled.json("sync")["pending"] == 0
    assert stores_agree(filled) == 8


needs_pgbouncer = pytest.mark.skipif(not shutil.which("pgbouncer"),
                                     reason="no PgBouncer is installed")


@contextlib.contextmanager
def pgbouncer(filled, **settings):
    """A PgBouncer before the home's PostgreSQL: its URL."""
    folder = pathlib.Path(filled.socket_folder()).parent / "bouncer"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "users").write_text('"grove" ""\n')
    (folder / "ini").write_text(
        f"[databases]\ngrove = host={filled.socket_folder()} user=grove\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        f"auth_file = {folder}/users\npool_mode = transaction\nserver_round_robin = 1\n"
        + "".join(f"{name} = {value}\n" for name, value in settings.items()))
    account = os.environ.get("GROVE_USER", "grove") if os.geteuid() == 0 else None
    if account:
        shutil.chown(folder, account)
    with subprocess.Popen([shutil.which("pgbouncer"), folder / "ini"],
                          user=account and pwd.getpwnam(account).pw_uid,
                          stderr=subprocess.DEVNULL) as bouncer:
        try:
            url = f"postgresql://grove@127.0.0.1:{port}/grove"
            deadline = time.monotonic() + 20
            while filled("status", check=False, env={"DATABASE_URL": url}).returncode != 0:
                assert time.monotonic() < deadline and bouncer.poll() is None
            yield url
        finally:
            bouncer.terminate()


@needs_pgbouncer
@pytest.mark.parametrize("statements", [0, 100])
def test_pgbouncer(filled, tmp_path, statements):
    version = subprocess.check_output(["pgbouncer", "--version"], text=True).split()[1]
    knows = tuple(map(int, version.split(".")[:2])) >= (1, 21)
    if statements and not knows:
        pytest.skip(f"PgBouncer {version} keeps no prepared statements apart")
    with pgbouncer(filled, **({"max_prepared_statements": statements} if knows else {})) as url:
        use(filled, tmp_path, url)


@needs_pgbouncer
def test_a_lease_outlives_pgbouncer_s_session(filled):
    with pgbouncer(filled, server_lifetime=1) as url, filled.connect() as conn:
        change_one(conn)
        with hold(filled, url) as sync:
            sync.reach("projector-read")
            (owner, _, _), = conn.execute(LEASE).fetchall()
            # They grow too old while nobody uses them.
            await_end(conn, [str(pid) for pid, in conn.execute(SESSIONS).fetchall()])
            assert_held(filled, conn, owner)
            sync.go_on("projector-read")
            assert json.loads(sync.finish())["pending"] == 0
    assert stores_agree(filled) == 8
