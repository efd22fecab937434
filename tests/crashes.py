# SPDX-License-Identifier: Apache-2.0
"""Having grove die, fail or wait at a named point (src/base/inject.h), and tying tests to the rows
of the tables that say what happens then."""

import contextlib
import os
import pathlib
import shutil
import signal
import tempfile

import psycopg
import pytest
from conftest import BINARY, EXIT_STATUS, Grove, wait_until

# grove with points; beside the one that has none.
INJECTED = pathlib.Path(BINARY).resolve().parent / "tests" / "grove-injected"

ARCHITECTURE = "docs/architecture.md"
SYNC, CONTENT, PG, VECTOR, EMBEDDED = (
    f"{folder}/README.md" for folder in ("src/sync", "src/content", "src/pg", "src/vector",
                                         "embedded"))


def row(document, words):
    """Says that a test shows what a row of a table promises; `words` are the row's first cell.
    test_every_row_has_its_test reads this in the source."""
    return lambda test: test


def at(*points):
    """Runs a test once for each of these points; `point` is its name. Each point of inject.h must
    be in one of these: test_every_point_is_reached reads them in the source."""
    return pytest.mark.parametrize("point", points)


def through(*points):
    """The same for a test that comes by all of these points; `points` are their names."""
    return pytest.mark.parametrize("points", [points], ids=["all"])


class Injected(Grove):
    """The command with points, in a home that other commands may use, too."""

    def __init__(self, home):
        super().__init__(home, [INJECTED])

    def socket_folder(self):  # asked for often, and always the same
        self.sockets = self.sockets or super().socket_folder()
        return self.sockets

    def dies_at(self, point, *args, **options):
        """Runs a command that is killed there. "projector-lease@2": the second time."""
        name, _, time = point.partition("@")
        done = self(*args, check=False, env=armed({name: at_time("die", time)}, **options))
        assert done.returncode == -signal.SIGKILL, (point, args, done.stdout, done.stderr)

    def fails_at(self, point, *args, **options):
        """Runs a command that fails since that point does: all that it printed."""
        name, _, time = point.partition("@")
        answer = self.failure("unavailable", *args,
                              env=armed({name: at_time("fail", time)}, **options))
        assert answer["error"]["message"] == f"a test had {name.upper().replace('-', '_')} fail"
        return answer

    @contextlib.contextmanager
    def held_at(self, points, *args, env=None, **options):
        """Starts a command that waits at each of these points, given in the order in which it
        comes to them."""
        held = Held(self, points, args, env or {}, options)
        try:
            yield held
        finally:
            held.end()


def at_time(action, time):
    return f"{action}@{time}" if time else action


def armed(points, knobs=None, env=None):
    """The environment that arms points: name -> action."""
    made = dict(env or {})
    made["GROVE_INJECT"] = ",".join(f"{name}={action}" for name, action in points.items())
    if knobs:
        made["GROVE_KNOBS"] = ",".join(f"{name}={value}" for name, value in knobs.items())
    return made


class Held:
    """A command that waits at points, each time once."""

    def __init__(self, grove, points, args, env, options):
        # The command may run under another account than pytest's own folder allows.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="grove-held-"))
        self.files = {point: self.folder / point.replace("@", "-") for point in points}
        actions = {}
        for point in points:
            name, _, time = point.partition("@")
            actions[name] = f"wait:{self.files[point]}@{time or 1}"
        self.process = grove.start("--json", *args, env=armed(actions, env=env, **options))

    def reach(self, point):
        """Waits until the command is there."""
        def there():
            ended = self.process.poll()
            assert ended is None, (point, ended, *self.process.communicate())
            return self.files[point].exists()
        wait_until(there)

    def go_on(self, point):
        self.files[point].unlink()

    def pass_by(self, point):
        self.reach(point)
        self.go_on(point)

    def finish(self, code=None):
        """Waits for the end, which must be a good one or this error: what it printed."""
        out, err = self.process.communicate(timeout=60)
        wanted = 0 if code is None else EXIT_STATUS[code]
        assert self.process.returncode == wanted, (self.process.returncode, out, err)
        return out

    def end(self):
        self.process.kill()
        self.process.communicate()
        shutil.rmtree(self.folder)


def wait_ended(pid, seconds=30):
    """The kernel frees what a process has locked a little before it counts as ended."""
    wait_until(lambda: state_of(pid) in "ZX", seconds)


def kill(pid):
    """SIGKILL, and waits until the process has gone."""
    os.kill(pid, signal.SIGKILL)
    wait_ended(pid)


def state_of(pid):
    """One letter, as in /proc: T is stopped. X where there is no such process."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "X"
    return text.rsplit(")", 1)[1].split()[0]


def end_leases(grove):
    """Has all leases run out, and all that was put back be due: the time passing."""
    with grove.connect() as conn:
        conn.execute("UPDATE grove.outbox SET not_before = least(not_before, clock_timestamp())")
        conn.execute("UPDATE grove.outbox SET lease_until = clock_timestamp()"
                     " WHERE lease_until > clock_timestamp()")


def keep_leases(grove):
    """As if a host had gone that held leases: of its sessions PostgreSQL does not know."""
    with grove.connect() as conn:
        conn.execute("UPDATE grove.outbox SET lease_pid = NULL")


@pytest.fixture
def home(shared):
    """The file's home, as grove with points, with nothing left to do."""
    made = Injected(shared.home)
    try:
        end_leases(made)
    except psycopg.OperationalError:  # it was killed
        made("browse", "religion")
        end_leases(made)
    made("sync")
    return made
