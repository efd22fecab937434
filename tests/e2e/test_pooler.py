# SPDX-License-Identifier: Apache-2.0
"""grove behind a pooler in transaction mode: it works, and leaves nothing behind in sessions that
strangers get next. A real PgBouncer is tried where one is installed."""

import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import time

import pytest
from conftest import make_row, write_rows
from pooler import Pooler

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
        use(filled, tmp_path, f"postgresql://grove@127.0.0.1:{pooler.port}/grove")
        assert pooler.transactions > 50
        assert [pooler.ask(f"SHOW {name}") for name in SETTINGS] == before
        assert pooler.ask("SELECT name FROM pg_prepared_statements") == [[]] * 3
        assert pooler.ask("SELECT * FROM pg_locks WHERE locktype = 'advisory'") == [[]] * 3
        created = pooler.ask("SELECT abs(extract(epoch FROM created_at - (now() AT TIME ZONE "
                             "'UTC'))) < 3600 FROM public.content_metadata ORDER BY id DESC "
                             "LIMIT 1")
        assert created[0] == ["t"]


@pytest.mark.skipif(not shutil.which("pgbouncer"), reason="no PgBouncer is installed")
@pytest.mark.parametrize("statements", [0, 100])
def test_pgbouncer(filled, tmp_path, statements):
    folder = pathlib.Path(filled.socket_folder()).parent / "bouncer"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "users").write_text('"grove" ""\n')
    (folder / "ini").write_text(
        f"[databases]\ngrove = host={filled.socket_folder()} user=grove\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        f"auth_file = {folder}/users\npool_mode = transaction\nserver_round_robin = 1\n"
        f"max_prepared_statements = {statements}\n")
    account = os.environ.get("GROVE_USER", "grove") if os.geteuid() == 0 else None
    if account:
        shutil.chown(folder, account)
    with subprocess.Popen([shutil.which("pgbouncer"), folder / "ini"],
                          user=account and pwd.getpwnam(account).pw_uid,
                          stderr=subprocess.DEVNULL) as bouncer:
        try:
            url = f"postgresql://grove@127.0.0.1:{port}/grove"
            deadline = time.monotonic() + 20
            while "ok" not in filled("status", check=False, env={"DATABASE_URL": url}).stdout:
                assert time.monotonic() < deadline and bouncer.poll() is None
            use(filled, tmp_path, url)
        finally:
            bouncer.terminate()
