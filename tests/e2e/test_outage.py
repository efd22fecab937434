# SPDX-License-Identifier: Apache-2.0
"""An engine that is out: who waits for it, who does not, and when it is back."""

import contextlib
import os
import signal
import socket
import threading
import time

import pytest
from conftest import wait_until
from crashes import ARCHITECTURE, row


def search(grove):
    return grove.json("search", "faith", "--path", "religion")


@pytest.fixture
def engine(shared):
    """The process of an engine that answers."""
    wait_until(lambda: search(shared)["degraded"] is False)
    return shared.processes()["vectors"]


def test_the_warning_of_a_search_is_short(shared, engine):
    """What, why and what to do, on a line or two."""
    os.kill(engine, signal.SIGSTOP)
    try:
        warnings = [shared("search", "faith", "--limit", "1").stderr for _ in range(2)]
    finally:
        os.kill(engine, signal.SIGCONT)
    for warning in warnings:
        assert warning.count("\n") == 1 and len(warning) <= 160, warning
        assert "PostgreSQL answered alone" in warning
        assert "did not answer in time" in warning and '"grove stop"' in warning
    wait_until(lambda: search(shared)["degraded"] is False)


@row(ARCHITECTURE, "vector server hangs")
def test_one_search_waits_and_the_others_do_without(shared, engine):
    """Ten searches in a row, each a process of its own, with an engine that hangs."""
    os.kill(engine, signal.SIGSTOP)
    try:
        answers = [search(shared)]
        began = time.monotonic()
        answers += [search(shared) for _ in range(9)]
        # Each of them used to wait for 3 s.
        assert time.monotonic() - began < 9
        status = shared.json("status", check=False)
        words = shared("status", check=False).stdout
    finally:
        os.kill(engine, signal.SIGCONT)
    for answer in answers:
        assert answer["degraded"] is True and answer["complete"] is True
        assert len(answer["results"]) == 8
    assert "did not answer in time" in answers[0]["degraded_reason"]
    for answer in answers[1:]:
        assert "has been out for" in answer["degraded_reason"]
        assert "it did not answer in time" in answer["degraded_reason"]
    assert status["ok"] is False and status["engine"]["ok"] is False
    assert status["engine"]["out_reason"] == "it did not answer in time"
    assert status["engine"]["out_seconds"] >= 0 and 0 <= status["engine"]["retry_seconds"] <= 5
    assert "tried again within" in words
    for once in ("out for", "did not answer in time"):
        assert words.count(once) == 1, words
    began = time.monotonic()
    wait_until(lambda: search(shared)["degraded"] is False)
    assert time.monotonic() - began < 3  # one second, on a machine that is not busy
    assert shared.json("status")["engine"]["out_reason"] is None


def test_a_search_that_starts_both_servers_is_answered_by_both(shared, engine):
    """They start side by side, and it waits for PostgreSQL in any case."""
    degraded = []
    while False not in degraded:
        assert len(degraded) < 5, "the engine needs more than twice as long each time"
        shared("stop")
        degraded.append(search(shared)["degraded"])
    assert shared.processes()["vectors"] != engine


def test_a_writer_that_waits_ends_the_outage(shared, engine):
    """Who is patient asks all the same, and everybody else hears of the answer."""
    os.kill(engine, signal.SIGSTOP)
    try:
        assert search(shared)["degraded"] is True
    finally:
        os.kill(engine, signal.SIGCONT)
    shared("sync")
    assert search(shared)["degraded"] is False


def test_an_engine_that_was_killed_while_it_was_out(shared, engine):
    """Nobody listens any more: it is started again, and nobody waits until a trial comes round."""
    os.kill(engine, signal.SIGSTOP)
    assert search(shared)["degraded"] is True
    os.kill(engine, signal.SIGKILL)
    wait_until(lambda: search(shared)["degraded"] is False)
    assert shared.processes()["vectors"] != engine


@contextlib.contextmanager
def gone():
    """An address that takes no connection and refuses none: where a host is gone."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = listening.getsockname()
        for _ in range(4):  # its queue is full
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        time.sleep(0.1)
        yield f"{address[0]}:{address[1]}"


@pytest.fixture
def dead_host():
    with gone() as host:
        yield host


def test_an_engine_on_a_host_that_is_gone(shared, dead_host):
    """However short a search has, PostgreSQL has a part of it."""
    env = {"QDRANT_URL": f"http://{dead_host}", "GROVE_PROJECTOR": "off"}
    for timeout in (["--timeout", "1s"], []):
        answer = shared.json("search", "faith", "--path", "religion", *timeout, env=env)
        assert answer["degraded"] is True and answer["complete"] is True
        assert len(answer["results"]) == 8
        assert "the vector engine " in answer["degraded_reason"], answer
    error = shared.fails("timeout", "sync", "--timeout", "1s", env=env)
    assert "1 s" in error["message"], error


def test_a_database_on_a_host_that_is_gone(shared, dead_host):
    env = {"DATABASE_URL": f"postgres://nobody@{dead_host}/grove", "GROVE_PROJECTOR": "off"}
    for line in (("search", "faith"), ("sync",)):
        error = shared.fails("timeout", *line, "--timeout", "1s", env=env)
        assert "PostgreSQL" in error["context"], error


@pytest.mark.parametrize("home", [True, False], ids=["home", "no home"])
def test_servers_that_are_gone(shared, tmp_path, home):
    """One search waits for each of them, and those that follow know."""
    with gone() as first, gone() as second:
        envs = [
            {
                "QDRANT_URL": f"http://{host}",
                "GROVE_PROJECTOR": "off",
                "XDG_CACHE_HOME": str(tmp_path / "cache"),
                **({} if home else {"DATABASE_URL": shared("url").stdout.strip()}),
            }
            for host in (first, second)
        ]
        for env in envs:
            assert shared.json("search", "faith", "--path", "religion", env=env)["degraded"] is True
        began = time.monotonic()
        for env in envs * 3:
            answer = shared.json("search", "faith", "--path", "religion", env=env)
            assert "has been out for" in answer["degraded_reason"], answer
            assert len(answer["results"]) == 8
        # Each of them used to wait for 2 s.
        assert time.monotonic() - began < 6
        assert (tmp_path / "cache" / "grove" / "engine.out").exists() or home or os.geteuid() == 0


class FarAway:
    """A port from which it is so far to a server's socket: each direction takes 40 ms."""

    def __init__(self, path):
        self.path, self.listening = path, socket.create_server(("127.0.0.1", 0))
        self.address = self.listening.getsockname()
        self.serve()

    def serve(self):
        threading.Thread(target=self.accept, args=(self.listening,), daemon=True).start()

    def accept(self, listening):
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.path)
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=ends, daemon=True).start()

    @staticmethod
    def carry(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                time.sleep(0.04)
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def go(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()

    def come_back(self):
        self.listening = socket.create_server(self.address)
        self.serve()


def test_an_engine_that_is_far_away_is_used_again(shared, engine):
    """Its answer to a trial takes longer than that of one that is near."""
    assert engine
    far = FarAway(shared.json("status")["engine"]["where"])
    env = {"QDRANT_URL": "http://{}:{}".format(*far.address), "GROVE_PROJECTOR": "off"}

    def degraded():
        return shared.json("search", "faith", "--path", "religion", env=env)["degraded"]
    assert degraded() is False
    far.go()
    for _ in range(4):
        assert degraded() is True
    far.come_back()
    began = time.monotonic()
    wait_until(lambda: not degraded())
    assert time.monotonic() - began < 4  # one second, on a machine that is not busy
    far.go()
