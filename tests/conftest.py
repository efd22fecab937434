# SPDX-License-Identifier: Apache-2.0
"""Homes of the tests' own, and the grove command in them."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import psycopg
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = os.environ.get("GROVE_BIN", str(ROOT / "build" / "grove"))

# What a developer may have set for a database of theirs must not reach the tests.
FOREIGN = ("DATABASE_URL", "QDRANT_URL", "QDRANT_API_KEY", "GROVE_COLLECTION", "GROVE_HOME",
           "NO_COLOR", "COLUMNS")


class Grove:
    """One home and the commands run in it."""

    def __init__(self, home):
        self.home = pathlib.Path(home)
        self.env = {name: value for name, value in os.environ.items()
                    if name not in FOREIGN and not name.startswith("PG")}
        self.env["GROVE_HOME"] = str(home)

    def __call__(self, *args, check=True, input=None, env=None, timeout=120):
        """Runs a command to its end."""
        done = subprocess.run([BINARY, *map(str, args)], input=input, capture_output=True,
                              env={**self.env, **(env or {})}, timeout=timeout,
                              text=not isinstance(input, bytes), check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"grove {args} exited with {done.returncode}\n"
                                 f"{done.stdout}\n{done.stderr}")
        return done

    def json(self, *args, **options):
        """Runs a command with --json; its answer."""
        return json.loads(self(*args, "--json", **options).stdout)

    def start(self, *args, **options):
        """Starts a command and returns the process."""
        return subprocess.Popen([BINARY, *map(str, args)], env=self.env, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def socket_folder(self):
        return self("psql", "--", "-Atc", "SHOW unix_socket_directories").stdout.strip().strip('"')

    def connect(self, **options):
        return psycopg.connect(host=self.socket_folder(), user="grove", dbname="grove",
                               autocommit=True, **options)

    def processes(self):
        """The private servers' main processes: name -> pid."""
        found = {}
        servers = os.path.realpath(self.home / "servers")
        for folder in pathlib.Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                line = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            text = b" ".join(line).decode(errors="replace")
            if servers not in text:
                continue
            if "bin/postgres" in text:
                found["postgres"] = int(folder.name)
            elif "python3" in text:
                found["vectors"] = int(folder.name)
        return found


def make_home():
    # The servers' account must get here when the tests run as root: not pytest's own folder.
    folder = tempfile.mkdtemp(prefix="grove-test-")
    os.chmod(folder, 0o755)
    return folder


def end_home(grove):
    grove("stop", check=False)
    run = pathlib.Path(os.path.realpath(grove.home / "servers"))
    shutil.rmtree(run, ignore_errors=True)
    shutil.rmtree(grove.home.parent, ignore_errors=True)


def new_grove():
    return Grove(os.path.join(make_home(), "home"))


@pytest.fixture
def grove():
    """A home that nothing was done in yet."""
    made = new_grove()
    yield made
    end_home(made)


@pytest.fixture(scope="session")
def sample():
    """A home with the sample, shared: tests must not change it."""
    made = new_grove()
    made("demo")
    yield made
    end_home(made)


@pytest.fixture(scope="module")
def shared():
    """A home of one test file, with the sample; its tests may change it."""
    made = new_grove()
    made("demo")
    yield made
    end_home(made)


@pytest.fixture(scope="session")
def reference():
    """The folder of reference vectors and corpora, or a skip that says so."""
    folder = ROOT.parent / "shared"
    if not (folder / "golden").is_dir():
        pytest.skip("the folder of reference vectors and corpora is not there")
    return folder
