# SPDX-License-Identifier: Apache-2.0
"""The private vector server, or its builder, killed at every step of a rebuild of the index."""

import json
import os
import pathlib
import signal

import pytest
from crashes import ARCHITECTURE, EMBEDDED, row, state_of, wait_ended  # noqa: F401
from test_vector_server import (ROOT, Server, count, point, program, upsert,  # noqa: F401
                                vector, wait_until)

pytestmark = pytest.mark.slow

POINTS, MORE, DIMENSION = 2000, 300, 8
BUILDER_STEPS = ("copy", "optimize", "replay", "settle", "finish")
SERVER_STEPS = ("switch_to", "write_json")

# The server's own program, which stops itself before or behind one of these steps, having written
# its process id into a file. Only the first time, so that the next start goes through.
STOPPING = """
import os, signal, sys, threading
sys.path.insert(0, {embedded!r})
from grove_vectors import __main__ as program

def stopping(step, original):
    def run(*arguments):
        if {when!r} == "before " + step: stop()
        result = original(*arguments)
        if {when!r} == "behind " + step: stop()
        return result
    return run

def stop():
    if not os.path.exists({file!r}):
        with open({file!r} + ".new", "w") as file:
            file.write(str(os.getpid()))
        os.rename({file!r} + ".new", {file!r})
        # To this thread: one that the process gets may be taken by another, while this goes on.
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)

load_engine = program.load_engine

def load_and_patch(folder):
    load_engine(folder)
    from grove_vectors import collection, files, journal, rebuild, schedule
    # A journal of some hundred points has several files, is flushed and caught up with in rounds.
    journal.FILE_BYTES = schedule.FLUSH_BYTES = 10_000
    rebuild.REST_BYTES = 5_000
    for step in {builder_steps!r}:
        setattr(rebuild.Workshop, step, stopping(step, getattr(rebuild.Workshop, step)))
    switch_to, write_json = collection.Collection.switch_to, files.write_json

    def switch(*arguments):
        files.write_json = stopping("write_json", write_json)
        try:
            return switch_to(*arguments)
        finally:
            files.write_json = write_json
    collection.Collection.switch_to = stopping("switch_to", switch)

program.load_engine = load_and_patch
program.main()
"""


class StoppingServer(Server):
    """Ends at a step of the rebuild; `stopped` is the file that says so."""

    def __init__(self, folder, when):
        self.script = folder / "stopping.py"
        self.stop_at(folder, when)
        super().__init__(folder, self.script)

    def stop_at(self, folder, when):
        self.stopped = folder / when.replace(" ", "-")
        self.script.write_text(STOPPING.format(embedded=str(ROOT / "embedded"), when=when,
                                               file=str(self.stopped), builder_steps=BUILDER_STEPS))

    def wait_for_stop(self):
        """The process that has stopped."""
        wait_until(self.stopped.exists, 30)
        pid = int(self.stopped.read_text())
        wait_until(lambda: state_of(pid) == "T", 30)
        return pid


@pytest.fixture
def stopping(tmp_path):
    made = []

    def start(when):
        made.append(StoppingServer(tmp_path, when))
        server = made[0]
        assert server.ok("PUT", "/collections/c", {
            "vectors": {"size": DIMENSION, "distance": "Cosine"},
            "optimizers_config": {"indexing_threshold": 1}}) is True
        for first in range(0, POINTS, 1000):
            upsert(server, [point(number, a=number) for number in range(first, first + 1000)])
        return server
    yield start
    for server in made:
        server.kill()


def generations(server):
    """The one that is valid, and those that are there."""
    folder = pathlib.Path(server.data) / "collections" / "c"
    there = {name for name in os.listdir(folder) if name != "config.json"}
    return f"g{json.loads((folder / 'config.json').read_text())['generation']}", there


def check_points(server, numbers):
    """These are there, and no others, with their payload and vector; and they are found."""
    page = server.ok("POST", "/collections/c/points/scroll",
                     {"limit": 5000, "with_payload": True, "with_vector": True})["points"]
    assert {entry["id"]: entry["payload"] for entry in page} == \
        {number: {"a": number} for number in numbers}
    for entry in page[::97]:
        length = sum(x * x for x in vector(entry["id"])) ** 0.5
        assert entry["vector"] == pytest.approx([x / length for x in vector(entry["id"])], abs=1e-6)
        best, = server.ok("POST", "/collections/c/points/query",
                          {"query": vector(entry["id"]), "limit": 1})["points"]
        assert best["id"] == entry["id"]


def is_indexed(server):
    info = server.ok("GET", "/collections/c")
    return info["status"] == "green" and info["indexed_vectors_count"] > 0


def write_meanwhile(server):
    """Some points more, and some less: the numbers of those that there are."""
    for first in range(POINTS, POINTS + MORE, 10):
        upsert(server, [point(number, a=number) for number in range(first, first + 10)])
    server.ok("POST", "/collections/c/points/delete?wait=true", {"points": [1, 2, 3]})
    numbers = set(range(POINTS + MORE)) - {1, 2, 3}
    assert count(server) == len(numbers)
    return numbers


@pytest.mark.parametrize("when", ["before optimize", "behind replay"])
def test_written_while_it_rebuilds(stopping, when):
    """Before the builder has read the journal for the first time, and after that."""
    server = stopping(when)
    builder = server.wait_for_stop()
    numbers = write_meanwhile(server)
    valid, there = generations(server)
    assert valid == "g1" and "g2.journal" in there
    os.kill(builder, signal.SIGCONT)
    wait_until(lambda: generations(server) == ("g2", {"g2"}), 30)
    check_points(server, numbers)
    server.kill()
    server.start()
    check_points(server, numbers)


def test_upkeep_goes_on_while_it_rebuilds(stopping):
    """Else the log of hours would be replayed at the next start."""
    server = stopping("before optimize")
    server.wait_for_stop()
    path = pathlib.Path(server.data) / "collections" / "c" / "g1" / "wal" / "first-index"

    def replayed_from():
        return json.loads(path.read_text())["ack_index"] if path.exists() else 0
    before = replayed_from()
    write_meanwhile(server)
    wait_until(lambda: replayed_from() >= before + MORE // 10, 10)
    os.unlink(server.socket)
    assert server.process.wait(10) == 1


@row(ARCHITECTURE, "vector server, while it rebuilds its index")
@row(EMBEDDED, "`kill -9` of the server")
@pytest.mark.parametrize("when", [
    *(f"before {step}" for step in (*BUILDER_STEPS, *SERVER_STEPS)), "behind write_json",
    "behind switch_to"])
def test_the_server_is_killed_while_it_rebuilds(stopping, program, tmp_path, when):  # noqa: F811
    server = stopping(when)
    stopped = server.wait_for_stop()
    numbers = set(range(POINTS))
    assert (stopped == server.process.pid) == (when.split()[1] in SERVER_STEPS)
    if when.split()[1] in ("optimize", "replay", "settle"):  # the server goes on with a journal
        numbers = write_meanwhile(server)
    switched = when in ("behind write_json", "behind switch_to")
    assert generations(server)[0] == ("g2" if switched else "g1")
    server.kill()
    wait_ended(stopped)  # the builder ends with it
    server.stopped.unlink()
    server.stop_at(tmp_path, "before optimize")  # the next rebuild: this one is looked at
    server.start()
    assert generations(server)[0] == ("g2" if switched else "g1")
    check_points(server, numbers)
    server.kill()
    server.program = program
    server.start()
    wait_until(lambda: is_indexed(server), 30)
    check_points(server, numbers)
    valid, there = generations(server)
    assert there == {valid}


@row(EMBEDDED, "the builder killed, full disk while building, no room for a copy")
@pytest.mark.parametrize("when", ["before optimize", "before finish"])
def test_the_builder_is_killed(stopping, program, when):  # noqa: F811
    server = stopping(when)
    builder = server.wait_for_stop()
    os.kill(builder, signal.SIGKILL)
    wait_until(lambda: "could not rebuild its index" in server.log.read_text(), 30)
    assert generations(server) == ("g1", {"g1"})
    upsert(server, [point(POINTS, a=POINTS)])
    check_points(server, range(POINTS + 1))
    assert server.stop() == 0
    server.program = program
    server.start()
    wait_until(lambda: is_indexed(server), 30)
    check_points(server, range(POINTS + 1))
