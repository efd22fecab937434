# SPDX-License-Identifier: Apache-2.0
"""Building a collection's index without stopping its searches.

The engine's optimize() keeps the interpreter from its beginning to its end, seconds to minutes.
So another process does it, on a copy:

    server                                      builder (this program with --builder)
    room for two copies more? else not now
    lock; "copy"                                copies the generation's files
    start the journal; unlock
    "optimize"                                  optimize() on the copy
    "replay" what the journal has got, again    applies the same changes to the copy
      until little is left
    "settle"; "replay" again                    flush, sync
    lock; "replay" the rest; "finish"           flush, close, sync
    load the copy, name it in config.json
    unlock; remove the old generation

While it waits without the lock, the server does `beside` now and then, which flushes. Writers that
are faster than half of what "replay" does are told to wait a little after each change: so each
round leaves half of the one before it, or less. Nobody waits for more than the last MB.

A crash of either before config.json is replaced leaves the old generation valid and complete;
after that the new one is.
"""
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time

import qdrant_edge as engine

from . import changes, files, journal, schedule

ROUNDS_MAX = 32
REST_BYTES, PACE_MIN = 1 << 20, 1 << 20
BESIDE_S = 0.25
COPIES = 2  # the one, and the segments that are made of it


class RebuildError(Exception):
    pass


class Builder:
    """The server's end of a builder process: one request and one answer a line, as JSON."""

    def __init__(self, command: list):
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *request, beside=None):
        """`beside` is called again and again until the answer comes; what it raises ends this."""
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            while beside and not select.select([self._process.stdout], [], [], BESIDE_S)[0]:
                beside()
            answer = self._process.stdout.readline()
        except OSError as error:
            raise RebuildError(f"the builder is gone: {error}") from error
        if not answer:
            raise RebuildError(f"the builder ended with status {self._process.wait()}")
        answer = json.loads(answer)
        if "error" in answer:
            raise RebuildError(answer["error"])
        return answer["result"]

    def kill(self) -> None:
        """May be called from another thread, which makes ask() fail."""
        self._process.kill()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        try:
            self._process.stdin.close()
        except OSError:
            pass  # a request that the builder has not read


def rebuild(collection, builder: Builder, beside) -> bool:
    """False: there was nothing to do. Raises RebuildError or OSError: nothing has changed."""
    generation = collection.generation + 1
    target = os.path.join(collection.folder, f"g{generation}")
    collection.rebuilding = True
    try:
        return _rebuild(collection, builder, generation, target, beside)
    finally:
        with collection.lock:
            if collection.journal:
                collection.journal.close()
                collection.journal = None
            collection.rebuilding = False
        if collection.generation != generation:
            shutil.rmtree(target, ignore_errors=True)
        shutil.rmtree(target + ".journal", ignore_errors=True)


def _rebuild(collection, builder: Builder, generation: int, target: str, beside) -> bool:
    for leftover in (target, target + ".journal"):
        shutil.rmtree(leftover, ignore_errors=True)
    files.check_space(collection.folder, journal.SPACE_LEFT +
                      COPIES * files.size_of_tree(collection.path))
    builder.ask("ready")
    schedule = collection.schedule
    with collection.lock:
        _still_there(collection)
        builder.ask("copy", collection.path, target)
        log = collection.journal = journal.Journal(target + ".journal")
        began, fresh, removed = time.monotonic(), schedule.fresh, schedule.removed

    def ask(*request):
        return builder.ask(*request, beside=lambda: _go_on(log, beside))

    worth = ask("optimize")
    if worth:
        done = _catch_up(log, ask, 0)
        ask("settle")
        _catch_up(log, ask, done)
    # Letting go of a shard flushes it, and keeps the interpreter meanwhile: sync it before, and let
    # go of it last.
    files.sync_tree(collection.path)
    folder = shard = None
    with collection.lock:
        _still_there(collection)
        if worth:
            builder.ask("replay", log.size)
            _go_on(log)
            builder.ask("finish")
            folder, shard = collection.switch_to(generation)
        schedule.note_build(began, fresh, removed)
    if folder:
        files.sync_tree(folder)
        del shard
        shutil.rmtree(folder, ignore_errors=True)
    return worth


def _go_on(log, beside=None) -> None:
    """Ends a rebuild that cannot be completed, however long it would take yet."""
    if log.broken:
        raise RebuildError(log.broken)
    if beside:
        beside()


def _catch_up(log, ask, done: int) -> int:
    """Replays the journal until little is left. Returns how much is done."""
    for _ in range(ROUNDS_MAX):
        began, end = time.monotonic(), log.size
        ask("replay", end)
        piece, left = end - done, log.size - end
        done = end
        if left < REST_BYTES:
            break
        if left > piece / 2:
            log.pace = max(PACE_MIN, piece / max(time.monotonic() - began, 1e-3) / 2)
    return done


def _still_there(collection) -> None:
    if collection.shard is None:
        raise RebuildError("the collection was removed")


# --- the builder's end ------------------------------------------------------------------------

class Workshop:
    def __init__(self):
        self.path = ""
        self.shard = None
        self.dimension = 0
        self.done = 0  # of the journal
        self.flushed = 0

    def ready(self) -> None:
        pass

    def copy(self, source: str, target: str) -> None:
        files.copy_tree(source, target)
        self.path = target

    def optimize(self) -> bool:
        self.shard = engine.EdgeShard.load(self.path)
        with open(os.path.join(os.path.dirname(self.path), "config.json"),
                  encoding="utf-8") as file:
            self.dimension = json.load(file)["vectors"]["size"]
        return self.shard.optimize()

    def replay(self, end: int) -> None:
        for kind, body in journal.read(self.path + ".journal", self.done, end):
            for steps in changes.steps_of(kind, body, self.dimension)[0]:
                for step in steps:
                    self.shard.update(step.operation)
            self.done += journal.size_of(body)
            if self.done - self.flushed >= schedule.FLUSH_BYTES:
                self.settle()

    def settle(self) -> None:
        """Else its log would grow with the journal, and the end take long."""
        files.sync_tree(self.path)
        self.shard.flush()
        self.flushed = self.done

    def finish(self) -> None:
        self.shard.flush()
        self.shard.close()
        files.sync_tree(self.path)


def _die_with_parent() -> None:
    parent = os.getppid()
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
    except (OSError, AttributeError):
        return
    if os.getppid() != parent:
        sys.exit(0)


def builder_main() -> None:
    _die_with_parent()
    os.nice(10)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    workshop = Workshop()
    for line in sys.stdin.buffer:
        name, *arguments = json.loads(line)
        try:
            answer = {"result": getattr(workshop, name)(*arguments)}
        except BaseException as error:  # panics of the engine are no Exception
            answer = {"error": f"{name}: {error or type(error).__name__}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
