# SPDX-License-Identifier: Apache-2.0
"""Building a collection's index without stopping its searches.

The engine's optimize() keeps the interpreter from its beginning to its end, seconds to minutes.
So another process does it, on a copy:

    server                                      builder (this program with --builder)
    lock; "copy"                                copies the generation's files
    start the journal; unlock
    "optimize"                                  optimize() on the copy
    "replay" what the journal has got, again    applies the same changes to the copy
      until little is left
    lock; "replay" the rest; "finish"           flush, close, sync
    load the copy, name it in config.json
    unlock; remove the old generation

A crash of either before config.json is replaced leaves the old generation valid and complete;
after that the new one is.
"""
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import qdrant_edge as engine

from . import changes, files, journal

ROUNDS_MAX = 8
REST_BYTES = 1 << 20
RETRY_S = 60.0


class RebuildError(Exception):
    pass


class Builder:
    """The server's end of a builder process: one request and one answer a line, as JSON."""

    def __init__(self, command: list):
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *request):
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
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


def rebuild(collection, builder: Builder) -> bool:
    """False: there was nothing to do. Raises RebuildError or OSError: nothing has changed."""
    generation = collection.generation + 1
    target = os.path.join(collection.folder, f"g{generation}")
    collection.rebuilding = True
    try:
        return _rebuild(collection, builder, generation, target)
    finally:
        with collection.lock:
            if collection.journal:
                collection.journal.close()
                collection.journal = None
            collection.rebuilding = False
        if collection.generation != generation:
            shutil.rmtree(target, ignore_errors=True)
        try:
            os.unlink(target + ".journal")
        except FileNotFoundError:
            pass


def _rebuild(collection, builder: Builder, generation: int, target: str) -> bool:
    shutil.rmtree(target, ignore_errors=True)
    builder.ask("ready")
    with collection.lock:
        _still_there(collection)
        builder.ask("copy", collection.path, target)
        log = collection.journal = journal.Journal(target + ".journal")
        fresh, removed = collection.fresh, collection.removed
    worth = builder.ask("optimize")
    if worth:
        for _ in range(ROUNDS_MAX):
            end = log.size
            builder.ask("replay", end)
            if log.size - end < REST_BYTES:
                break
    # Letting go of a shard flushes it, and keeps the interpreter meanwhile: sync it before, and let
    # go of it last.
    files.sync_tree(collection.path)
    folder = shard = None
    with collection.lock:
        _still_there(collection)
        if worth:
            builder.ask("replay", log.size)
            if log.broken:
                raise RebuildError(log.broken)
            builder.ask("finish")
            folder, shard = collection.switch_to(generation)
        collection.fresh -= fresh
        collection.removed -= removed
    if folder:
        files.sync_tree(folder)
        del shard
        shutil.rmtree(folder, ignore_errors=True)
    return worth


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
        self.done = end

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


def retry_time() -> float:
    return time.monotonic() + RETRY_S
