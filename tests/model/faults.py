# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in torture, drawn from the seed: commands that fail, wait or die at a point of
src/base/inject.h, and processes that are killed."""

import os
import re
import threading
import time

import psycopg
from caller import LIBRARY, Command, Failed
from conftest import INJECTED, ROOT, Grove, command_lines, wait_until
from crashes import kill

ARMED = 0.3           # of the calls
TIMES = (1, 1, 1, 2)  # which time a point is come by
OTHERS = 3            # operations that are done while a command waits at a point
HELD_SECONDS_MAX = 2
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
    def __init__(self):
        self.world = None
        self.kills = {}       # victim -> how many
        self.points = {}      # action -> how many commands were armed with it
        self.lock = threading.Lock()

    def begin(self, world):
        self.world = world
        self.command = Command(Grove(world.grove.home, (INJECTED,)))
        self.command.grove.env = dict(world.grove.env)
        self.armed = {command: points_of(command) for command in POINTS}

    # --- for clients ------------------------------------------------------------------------------

    def excuse(self, error):
        if isinstance(error, Failed):
            return error.code in EXCUSED
        if isinstance(error, psycopg.InterfaceError):
            return "closed" in str(error)
        state = error.sqlstate or "08"  # none: the connection is gone
        return isinstance(error, psycopg.OperationalError) and state[:2] in ("08", "57")

    def call(self, source, command, given):
        armed, by_library = source.random() < ARMED, source.random() < 0.5
        action, times = source.choice(("die", "fail", "wait")), source.choice(TIMES)
        point = source.choice(self.armed.get(command) or [None])
        if not armed or point is None:
            caller = self.world.binding if by_library and command in LIBRARY else self.command
            return caller.call(command, given)
        with self.lock:
            self.points[action] = self.points.get(action, 0) + 1
        if action == "wait":
            return self.call_that_waits(point, times, command, given)
        return self.command.call(command, given,
                                 {"GROVE_INJECT": f"{point}={action}@{times}"})

    def call_that_waits(self, point, times, command, given):
        """It waits there until others have done something, or have nothing to do. They may wait for
        its locks, and do nothing for that: so not for ever."""
        path = self.command.folder / f"wait-{threading.get_ident()}"
        ended = threading.Event()

        def let_go():
            while not ended.wait(0.01):
                if path.exists():
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
        found = {name: [servers[name]] for name in ("postgres", "vectors") if name in servers}
        home = os.fsencode(os.path.realpath(self.world.grove.home))
        for pid, line in command_lines():
            if b"--builder" in line:
                found.setdefault("builder", []).append(pid)
            elif b"--watch" in line and home:
                found.setdefault("projector", []).append(pid)
        parents = {name: pids[0] for name, pids in found.items() if name in servers}
        found["builder"] = [pid for pid in found.get("builder", ())
                            if parent_of(pid) == parents.get("vectors")]
        found["projector"] = [pid for pid in found.get("projector", ())
                              if pid == self.world.projector_pid()]
        found["backend"] = [pid for pid, line in command_lines()
                            if parent_of(pid) == parents.get("postgres", -1)
                            and b"postgres: grove " in line[0]]
        return {name: pids for name, pids in found.items() if pids}

    def kill_one(self, source):
        """Kills a process of a kind that is drawn, or several; None where there is none."""
        there = self.victims()
        wanted = source.choice(("postgres", "backend", "vectors", "builder", "projector",
                                "everything"))
        number = source.random()
        if wanted == "builder" and wanted not in there:
            wanted = "vectors"
        if wanted == "everything":
            pids = [there[name][0] for name in ("postgres", "vectors") if name in there]
        else:
            pids = there.get(wanted, [])
            pids = pids and [pids[int(number * len(pids))]]
        if not pids:
            return None
        for pid in pids:
            try:
                kill(pid)
            except ProcessLookupError:
                pass
        self.kills[wanted] = self.kills.get(wanted, 0) + 1
        return wanted


def parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return None


def wait_for(world, goal, threads):
    """Until so many operations are done, or nobody works any more."""
    wait_until(lambda: world.done >= goal or not any(thread.is_alive() for thread in threads), 600)
