# SPDX-License-Identifier: Apache-2.0
"""Homes of the tests' own, and the grove command in them."""

import collections
import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib
import pty
import random
import re
import shutil
import struct
import subprocess
import tempfile
import termios
import time

import psycopg
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = os.environ.get("GROVE_BIN", str(ROOT / "build" / "grove"))


def built_for_tests(name):
    """A program of the tests, of the same build as the command; GROVE_BIN may be one of them."""
    folder = pathlib.Path(BINARY).parent
    return next((path for path in (folder / "tests" / name, folder / name) if path.exists()),
                ROOT / "build" / "tests" / name)


# The command with the points and the times of src/base/inject.h.
INJECTED = built_for_tests("grove-injected")
OUTBOX_CHECK = built_for_tests("outbox-check")

# The library, for the Python binding.
LIBRARY = next((folder / "libgrove.so.0" for folder in pathlib.Path(BINARY).parents[:2]
                if (folder / "libgrove.so.0").exists()), ROOT / "build" / "libgrove.so.0")

MIGRATIONS = len(list((ROOT / "sql").glob("[0-9]*.sql")))
# The newest without which the library cannot work (sql/migrations.md).
DEMANDED = max(int(path.name[:4]) for path in (ROOT / "sql").glob("[0-9]*.sql")
               if "\n-- demanded: yes\n" in path.read_text())


def read_statement(name, folder="projector", depth="tree"):
    """A statement of sql, with its parts as tools/embed-files puts them in; one for each depth of a
    path, for this depth."""
    return re.sub(r"^-- part: (\w+)(\*?)$", lambda match: read_statement(
        f"{match[1]}{depth if match[2] else ''}.sql", "parts", depth),
                  (ROOT / "sql" / folder / name).read_text(), flags=re.M)


# What a developer may have set for a database of theirs must not reach the tests.
FOREIGN = ("DATABASE_URL", "QDRANT_URL", "QDRANT_API_KEY", "GROVE_COLLECTION", "GROVE_HOME",
           "NO_COLOR", "COLUMNS")


@contextlib.contextmanager
def library_environment():
    """What the binding needs in a process of the tests, and none of a developer's own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [*FOREIGN, *(name for name in os.environ if name.startswith("PG"))]:
            patch.delenv(name, raising=False)
        patch.setenv("GROVE_LIBRARY", str(LIBRARY))
        patch.setenv("GROVE_PROJECTOR", "off")
        yield


EXIT_STATUS = {name: int(number) for number, name in re.findall(
    r"^\| (\d+) \| `(\w+)` \|", (ROOT / "docs" / "cli.md").read_text(), re.M)}
PARTLY = 15  # of a load that refused some rows and loaded the others


def command_lines():
    """Of each process that there is: its number, and its arguments as bytes."""
    for folder in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit():
                yield int(folder.name), (folder / "cmdline").read_bytes().split(b"\0")


class Grove:
    """One home and the commands run in it."""

    def __init__(self, home, command=(BINARY,)):
        self.command = [str(part) for part in command]
        self.home = pathlib.Path(home)
        self.sockets = None  # their folder, where it is known; asking for it takes two processes
        self.env = {name: value for name, value in os.environ.items()
                    if name not in FOREIGN and not name.startswith("PG")}
        self.env["GROVE_HOME"] = str(home)
        # Tests that write rows want them to wait until they say so.
        self.env["GROVE_PROJECTOR"] = "off"

    def __call__(self, *args, check=True, input=None, env=None, timeout=120):
        """Runs a command to its end."""
        done = subprocess.run([*self.command, *map(str, args)], input=input, capture_output=True,
                              env={**self.env, **(env or {})}, timeout=timeout,
                              text=not isinstance(input, bytes), check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"grove {args} exited with {done.returncode}\n"
                                 f"{done.stdout}\n{done.stderr}")
        return done

    def json(self, *args, **options):
        """Runs a command with --json; its answer."""
        return json.loads(self(*args, "--json", **options).stdout)

    def partly(self, *args, **options):
        """Runs a load that must refuse some rows and load the others; its answer."""
        done = self("load", "--json", *args, check=False, **options)
        assert done.returncode == PARTLY, (args, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def failure(self, code, *args, **options):
        """Runs a command with --json that must fail with this code and the exit status that
        docs/cli.md gives it; all that it printed."""
        done = self("--json", *args, check=False, **options)
        assert done.returncode == EXIT_STATUS[code], (args, done.stdout, done.stderr)
        answer = json.loads(done.stdout.splitlines()[-1])
        error = answer["error"]
        assert error["code"] == code and error["message"], answer
        assert set(error) == {"code", "message", "detail", "hint", "context", "origin", "sqlstate",
                              "http_status", "retry"}
        return answer

    def broken(self):
        """What the stores break of the invariants of sql/README.md, in words; "": nothing."""
        done = subprocess.run([OUTBOX_CHECK], capture_output=True, env=self.env, timeout=120,
                              text=True, check=False)
        assert done.returncode in (0, 1) and (done.returncode == 0) == (done.stderr == ""), done
        return done.stderr

    def fails(self, code, *args, **options):
        """The error of a command that must fail with this code."""
        return self.failure(code, *args, **options)["error"]

    def start(self, *args, env=None, **options):
        """Starts a command and returns the process."""
        return subprocess.Popen([*self.command, *map(str, args)], env={**self.env, **(env or {})},
                                text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                **options)

    def on_terminal(self, *args, env=None, columns=80):
        """Runs a command on a terminal: its exit status and what the terminal got."""
        terminal, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        process = subprocess.Popen([*self.command, *map(str, args)], stdin=end, stdout=end,
                                   stderr=end, env={**self.env, "TERM": "xterm", **(env or {})})
        os.close(end)
        got = b""
        while True:
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # the last one closed the other end
                break
            if not piece:
                break
            got += piece
        os.close(terminal)
        return process.wait(60), got.decode().replace("\r\n", "\n")

    def hurried(self, **milliseconds):
        """The same home, with times of src/base/inject.h shortened: pg_silent_ms=500."""
        other = Grove(self.home, (INJECTED,))
        other.env = {**self.env, "GROVE_KNOBS": ",".join(
            f"{name.replace('_', '-')}={value}" for name, value in milliseconds.items())}
        return other

    def socket_folder(self):
        return self("psql", "--", "-Atc", "SHOW unix_socket_directories").stdout.strip().strip('"')

    def connect(self, dbname="grove", **options):
        """As an SQL client; where PostgreSQL does not run it is started."""
        if self.sockets is not None:
            with contextlib.suppress(psycopg.OperationalError):
                return self.connect_at(self.sockets, dbname, options)
        self.sockets = self.socket_folder()
        return self.connect_at(self.sockets, dbname, options)

    def connect_at(self, sockets, dbname, options):
        return psycopg.connect(host=sockets, user="grove", dbname=dbname, autocommit=True,
                               **options)

    def processes(self):
        """The private servers' main processes, and the resident projector: name -> pid."""
        found = {}
        servers = os.path.realpath(self.home / "servers")
        home = os.fsencode(os.path.realpath(self.home))
        for pid, line in command_lines():
            text = b" ".join(line).decode(errors="replace")
            if b"--be-resident" in line and home in line:
                found["projector"] = pid
            if servers not in text:
                continue
            if "bin/postgres" in text:
                found["postgres"] = pid
            elif "python3" in text and b"--builder" not in line:
                found["vectors"] = pid
        return found


def wait_until(condition, seconds=30):
    """Waits for the condition to hold; what it gave."""
    deadline = time.monotonic() + seconds
    while not (held := condition()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)
    return held


def make_row(number=1, **fields):
    """A line of a file to load, as the dictionary that json.dumps takes."""
    return {"tree": "subject1", "branch": "Testing", "limb": "Loads", "leaf": "Rows",
            "content_type": "Article", "title": f"Row {number}",
            "summary": f"The summary of row {number}.", "chunk_number": number, **fields}


def make_vector(seed):
    source = random.Random(seed)
    return [round(source.gauss(0, 1), 3) for _ in range(384)]


def write_rows(path, rows):
    """Rows are dictionaries, or lines as bytes."""
    path.write_bytes(b"".join(
        (row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows))
    return path


def find_assets():
    for place in (os.environ.get("GROVE_ASSETS"), "/var/cache/grove/assets",
                  os.path.expanduser("~/.cache/grove/assets")):
        if place and os.path.isdir(place):
            return pathlib.Path(place)
    return pytest.skip("the assets are not there")


def scratch_folder():
    """Where homes are: in memory, where there is room. Copying them, and what their servers sync,
    takes a fraction of the time there."""
    memory, wanted = "/dev/shm", 2 << 30
    with contextlib.suppress(OSError):
        room = os.statvfs(memory)
        if room.f_bavail * room.f_frsize >= wanted and os.access(memory, os.W_OK | os.X_OK):
            return memory
    return None


SCRATCH = scratch_folder()


# --- what a run that was killed leaves behind -----------------------------------------------------

OWNER = "owner"  # in a folder of a test: which process made it, as src/home/process.h writes it


def place():
    """Where process numbers mean what they mean here: the boot, and the pid namespace."""
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return [boot, os.readlink("/proc/self/ns/pid").strip("pid:[]")]


def began(pid):
    """When a process began, in the kernel's ticks; None where there is none."""
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return None


def write_owner(folder, pid=None):
    pid = pid or os.getpid()
    pathlib.Path(folder, OWNER).write_text(" ".join([str(pid), began(pid), *place()]) + "\n")


def is_left(folder):
    """Whether the process that made the folder is certainly gone: one of this boot and this pid
    namespace, as it says itself. Who does not say so may be somebody's that runs."""
    try:
        pid, since, *where = pathlib.Path(folder, OWNER).read_text().split()
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return where == place()
    except (OSError, ValueError):  # no owner, half of one, or one that cannot be looked at
        return False
    return where == place() and began(pid) not in (None, since)


def remove_leftovers(roots):
    """Ends the servers and removes the folders of test runs that were killed."""
    for folder in [found for root in roots for found in pathlib.Path(root).glob("grove-test-*")]:
        if not is_left(folder):
            continue
        for made in [*folder.glob("*/id"), *folder.glob("*/*/id")]:
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                Grove(made.parent)("stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)


def make_home():
    # The servers' account must get here when the tests run as root: not pytest's own folder.
    folder = tempfile.mkdtemp(prefix="grove-test-", dir=SCRATCH)
    os.chmod(folder, 0o755)
    write_owner(folder)
    return folder


def end_home(grove):
    grove("stop", check=False)
    servers = pathlib.Path(os.path.realpath(grove.home / "servers"))
    shutil.rmtree(servers, ignore_errors=True)
    shutil.rmtree(grove.home.parent, ignore_errors=True)


def new_grove():
    return Grove(os.path.join(make_home(), "home"))


# Making a home takes two seconds, initdb most of it; a copy of one, which grove takes for a home of
# its own, a tenth. Those that are copied are made once in a run, by whichever process of the tests
# wants one first, and are stopped.
TEMPLATES = "GROVE_TEST_TEMPLATES"


# What tests draw that do something random: printed at the end of a run, and given with --seed.
SEED = "GROVE_TEST_SEED"


def pytest_addoption(parser):
    parser.addoption("--seed", type=int, help="what random tests draw (default: another each time)")
    parser.addoption("--operations", type=int, default=5000, help="of the model test")
    parser.addoption("--kills", type=int, default=50, help="of the torture test")
    parser.addoption("--restores", type=int, default=6, help="of the torture test")
    parser.addoption("--kinds", default="", help="of kills and restores, with commas (all)")


@dataclasses.dataclass(frozen=True)
class Drawn:
    seed: int
    operations: int
    kills: int
    restores: int
    kinds: tuple  # (): all


@pytest.fixture
def drawn(request):
    """What a random test is to do."""
    option = request.config.getoption
    return Drawn(int(os.environ[SEED]), option("--operations"), option("--kills"),
                 option("--restores"), tuple(filter(None, option("--kinds").split(","))))


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"random tests: --seed {os.environ[SEED]}")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: not for the inner loop (tools/run-tests --fast)")
    if not hasattr(config, "workerinput"):
        seed = config.getoption("--seed")
        os.environ[SEED] = str(random.SystemRandom().randrange(10 ** 6) if seed is None else seed)
        remove_leftovers({SCRATCH or tempfile.gettempdir(), "/tmp"})
        os.environ[TEMPLATES] = make_home()


SLOW_AS_TESTS = 10  # one that is slow takes as long as so many that are not


def pytest_collection_modifyitems(items):
    """Files with many tests first, or slow ones, so that a run does not wait for one of them at its
    end; and before them the random tests, which take minutes each and are alone in their files."""
    counts = collections.Counter()
    for item in items:
        counts[item.path] += SLOW_AS_TESTS if item.get_closest_marker("slow") else 1
    items.sort(key=lambda item: (item.path.parent.name != "model", -counts[item.path]))


def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(TEMPLATES), ignore_errors=True)


def copy_of(command):
    """A home in which this command was run, which makes it or fills it."""
    template = Grove(os.path.join(os.environ[TEMPLATES], command))
    made = new_grove()
    with open(f"{template.home}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(f"{template.home}.made"):
            template(command)
            template("stop")
            pathlib.Path(f"{template.home}.made").touch()
    subprocess.run(["cp", "-a", "--reflink=auto", template.home, made.home], check=True)
    return made


@pytest.fixture
def grove():
    """A home that nothing was done in yet."""
    made = new_grove()
    yield made
    end_home(made)


@pytest.fixture
def filled():
    """A home with the sample, of one test."""
    made = copy_of("demo")
    yield made
    end_home(made)


@pytest.fixture
def fresh():
    """A home with nothing in it but the schema, of one test."""
    made = copy_of("init")
    yield made
    end_home(made)


@pytest.fixture(scope="session")
def sample():
    """A home with the sample, shared: tests must not change it."""
    made = copy_of("demo")
    yield made
    end_home(made)


@pytest.fixture(scope="module")
def shared():
    """A home of one test file, with the sample; its tests may change it."""
    made = copy_of("demo")
    yield made
    end_home(made)


@pytest.fixture(scope="module")
def empty():
    """A home of one test file with nothing in it but the schema; its tests may change it."""
    made = copy_of("init")
    yield made
    end_home(made)


@pytest.fixture(scope="module")
def ordinary():
    """A home of an ordinary user, without anything in it: of "nobody" when the tests run as
    root, else of whoever runs them."""
    folder = make_home()
    command = [BINARY]
    if os.geteuid() == 0:
        # The build folder may be out of that user's reach.
        copy = shutil.copy(BINARY, os.path.join(folder, "grove"))
        os.chmod(copy, 0o755)
        os.mkdir(os.path.join(folder, "user"), 0o700)
        os.chown(os.path.join(folder, "user"), 65534, 65534)
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", copy]
    else:
        os.mkdir(os.path.join(folder, "user"), 0o700)
    made = Grove(os.path.join(folder, "user", "home"), command)
    made.env.update(HOME=os.path.join(folder, "user"), GROVE_ASSETS=str(find_assets()))
    yield made
    made("stop", check=False)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def reference():
    """The folder of reference vectors and corpora, or a skip that says so."""
    folder = ROOT.parent / "shared"
    if not (folder / "golden").is_dir():
        pytest.skip("the folder of reference vectors and corpora is not there")
    return folder
