# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in torture, drawn from the seed: commands that fail, wait or die at a point of
src/base/inject.h, and processes that are killed."""

import collections
import contextlib
import re
import threading
import time

import psycopg
from caller import LIBRARY, Command, Failed
from conftest import INJECTED, ROOT, Grove, command_lines, wait_until
from crashes import kill
from deck import Deck
from stores import COLLECTION, ask_engine

VICTIMS = ("postgres", "backend", "vectors", "builder", "projector", "everything")
ACTIONS = ("die", "fail", "wait")
ARMED = 0.3           # of the calls
TIMES = (1, 1, 1, 2)  # which time a point is come by
OTHERS = 3            # operations that are done while a command waits at a point
HELD_SECONDS_MAX = 2
BUILDING_SECONDS = 5  # until a builder that was asked for works, or has done so
# Not again within this time by the same engine, where its builder was killed (embedded/README.md).
BUILT_AGAIN_SECONDS = 60
BUILT_POINTS = 2000   # so many writes make it build at once, whatever else goes on
DIMENSION = 384
# Of whatever a fault can make a call end with. All else is an error of grove.
EXCUSED = ("killed", "unavailable", "timeout")
# The prefixes of the points that a command comes by.
POINTS = {"search": ("SEARCH", "LINEAGE"), "similar": ("SEARCH",), "sync": ("PROJECTOR", "LINEAGE"),
          "load": ("LOAD", "PROJECTOR"), "import": ("LOAD", "PROJECTOR"), "subject": ("SUBJECT",)}


def points_of(command):
    names = re.findall(r"^ +POINT\((\w+), ", (ROOT / "src/base/inject.h").read_text(), re.M)
    return [name.lower().replace("_", "-") for name in names
            if name.startswith(POINTS.get(command, ()))]


class Faults:
    def __init__(self, victims=VICTIMS):
        self.world = None
        self.kills = Deck(victims)
        self.armed, self.reached = collections.Counter(), collections.Counter()
        self.points = collections.Counter()  # point -> how often a command did there as it was told
        self.lock = threading.Lock()
        self.built = None, 0                 # the engine whose builder was killed last, and when

    def begin(self, world):
        self.world = world
        self.command = Command(Grove(world.grove.home, (INJECTED,)))
        self.command.grove.env = dict(world.grove.env)
        self.points_of = {command: points_of(command) for command in POINTS}

    def never_reached(self):
        return [action for action in ACTIONS if not self.reached[action]]

    def __str__(self):
        actions = ", ".join(f"{action} {self.reached[action]} of {self.armed[action]}"
                            for action in ACTIONS)
        there = {point for points in self.points_of.values() for point in points}
        missed = ", ".join(sorted(there - self.points.keys()))
        return f"kills {self.kills}; commands told to {actions}; points not reached: " \
               f"{missed or 'none'}"

    # --- for clients ------------------------------------------------------------------------------

    def excuse(self, error):
        if isinstance(error, Failed):
            # Whoever is to change a subject meets what a killed change of another has left.
            return error.code in EXCUSED or \
                error.code == "conflict" and "of another subject was not finished" in str(error)
        if isinstance(error, psycopg.InterfaceError):
            return "closed" in str(error)
        state = error.sqlstate or "08"  # none: the connection is gone
        return isinstance(error, psycopg.OperationalError) and state[:2] in ("08", "57")

    def call(self, source, command, given):
        armed, by_library = source.random() < ARMED, source.random() < 0.5
        action, times = source.choice(ACTIONS), source.choice(TIMES)
        point = source.choice(self.points_of.get(command) or [None])
        if not armed or point is None:
            caller = self.world.binding if by_library and command in LIBRARY else self.command
            return caller.call(command, given)
        with self.lock:
            self.armed[action] += 1
        if action == "wait":
            return self.call_that_waits(point, times, command, given)
        try:
            return self.command.call(command, given,
                                     {"GROVE_INJECT": f"{point}={action}@{times}"})
        except Failed as failure:
            if failure.code == "killed" or "a test had" in str(failure):
                self.note_reached(action, point)
            raise

    def note_reached(self, action, point):
        with self.lock:
            self.reached[action] += 1
            self.points[point] += 1

    def call_that_waits(self, point, times, command, given):
        """It waits there until others have done something, or have nothing to do. They may wait for
        its locks, and do nothing for that: so not for ever."""
        path = self.command.folder / f"wait-{threading.get_ident()}"
        ended = threading.Event()

        def let_go():
            while not ended.wait(0.01):
                if path.exists():
                    self.note_reached("wait", point)
                    goal, until = self.world.done + OTHERS, time.monotonic() + HELD_SECONDS_MAX
                    with self.world.idle():
                        while self.world.done < goal and self.world.others_work() \
                                and time.monotonic() < until and not ended.wait(0.01):
                            pass
                    path.unlink(missing_ok=True)
        thread = threading.Thread(target=let_go)
        thread.start()
        try:
            return self.command.call(command, given,
                                     {"GROVE_INJECT": f"{point}=wait:{path}@{times}"})
        finally:
            ended.set()
            thread.join()
            path.unlink(missing_ok=True)

    # --- the killer -------------------------------------------------------------------------------

    def victims(self):
        """Processes of the home that may be killed: name -> process ids."""
        servers = self.world.grove.processes()
        lines = list(command_lines())
        found = {name: [servers[name]] for name in ("postgres", "vectors") if name in servers}
        found["everything"] = [pid for pids in found.values() for pid in pids]
        found["builder"] = [pid for pid, line in lines if b"--builder" in line
                            and parent_of(pid) == servers.get("vectors", -1)]
        found["backend"] = [pid for pid, line in lines if b"postgres: grove " in line[0]
                            and parent_of(pid) == servers.get("postgres", -1)]
        found["projector"] = [pid for pid, _ in lines if pid == self.world.projector_pid()]
        return {name: pids for name, pids in found.items() if pids}

    def kill_next(self, source):
        """Kills a process of the kind that is due, or several; what was killed, or None where there
        was none: then it is due again later."""
        kind, number, pause = self.kills.look(source), source.random(), source.random()
        if kind == "builder":
            self.have_built(pause)
        pids = self.victims().get(kind, [])
        if kind != "everything":
            pids = pids and [pids[int(number * len(pids))]]
        if not sum(self.kill(pid) for pid in pids):
            self.kills.put_off(source)
            return None
        self.kills.do(kind)
        if kind == "builder":
            self.built = self.victims().get("vectors"), time.monotonic()
        return kind

    def kill(self, pid):
        """False where it has ended by itself."""
        try:
            kill(pid)
        except ProcessLookupError:
            return False
        return True

    def have_built(self, pause):
        """Has the engine build its index while all go on: until a builder is at work, for a
        moment."""
        engine, since = self.built
        there = self.victims().get("vectors")
        if there and there == engine and time.monotonic() < since + BUILT_AGAIN_SECONDS:
            # Another one builds at once.
            if self.kill(there[0]):
                self.kills.done["vectors"] = self.kills.done.get("vectors", 0) + 1
        # Points that are not there, to be changed only: nothing comes of it but the count of what
        # was written.
        number, numbers = 2 ** 31, [1] + [0] * (DIMENSION - 1)
        points = [{"id": number, "vector": numbers, "payload": {"content_id": number}}] \
            * BUILT_POINTS
        until = time.monotonic() + BUILDING_SECONDS
        asked = False
        while time.monotonic() < until and "builder" not in self.victims():
            if not asked:
                with contextlib.suppress(OSError, AssertionError):
                    ask_engine(self.world.grove, "PUT", f"/collections/{COLLECTION}/points",
                               {"points": points, "update_mode": "update_only"})
                    asked = True
            time.sleep(0.02)
        time.sleep(pause * 0.2)


def parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return None


def wait_for(world, goal, threads):
    """Until so many operations are done, or nobody works any more."""
    wait_until(lambda: world.done >= goal or not any(thread.is_alive() for thread in threads), 600)
