# SPDX-License-Identifier: Apache-2.0
"""When the private vector server flushes a collection and builds its index: by the clock that it
is told, without a server."""
import importlib

import pytest
from test_vector_server import ROOT

HOUR = 3600.0


class Clock:
    """A schedule with its time. `step` lets a builder begin wherever it is due, and be done at
    once; `begun` has the points that waited for each."""

    def __init__(self, module):
        self.now, self.points, self.begun = 1000.0, 0, []
        self.schedule = module.Schedule(self.now)

    def due(self):
        return self.schedule.rebuild_due(self.now, self.schedule.fresh >= 667, lambda: self.points)

    def step(self, seconds, build=True):
        """In quarters of a second, as upkeep looks."""
        until = self.now + seconds
        while self.now < until:
            self.now = min(until, self.now + 0.25)
            if build and self.due():
                self.begun.append(self.schedule.fresh)
                self.points += self.schedule.fresh
                self.schedule.note_build(self.now, self.schedule.fresh, self.schedule.removed)

    def write(self, points, seconds, pause_s, searching=False):
        """So many points, again and again after a pause, for so long."""
        for _ in range(int(seconds / pause_s)):
            if searching:
                self.schedule.note_search(self.now)
            self.schedule.note_write(self.now, points, 0, 10 * points)
            self.step(pause_s)


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "embedded"))
    return Clock(importlib.import_module("grove_vectors.schedule"))


@pytest.mark.parametrize("points, pause_s, quiet_s", [
    (64, 0.064, 2.25),   # ready vectors, 1,000 a second
    (256, 8.0, 16.25),   # vectors that are computed meanwhile, 32 a second: pauses are no end
    (1024, 29.0, 58.25),
    (1024, 40.0, 60.25),
])
def test_a_bulk_load_builds_once_at_its_end(clock, points, pause_s, quiet_s):
    # Before the second batch nothing tells a load from a few points.
    clock.write(points, pause_s, pause_s)
    begun, clock.begun = sum(clock.begun), []
    seconds = min(0.9 * HOUR, 100_000 * pause_s / points)
    clock.write(points, seconds, pause_s)
    assert clock.begun == []
    clock.step(quiet_s - pause_s)
    assert clock.begun == [points * (int(seconds / pause_s) + 1) - begun]
    clock.step(HOUR)
    assert len(clock.begun) == 1


def test_a_trickle_is_indexed(clock):
    clock.write(1, HOUR, 0.25)  # four a second, never a pause
    assert len(clock.begun) >= 6 and max(clock.begun) <= 14_400 // 5
    clock.begun.clear()
    clock.points = 1_000_000
    clock.write(1, 2 * HOUR, 0.25)
    assert clock.begun == [20_000]
    # A few, and nothing more.
    clock.step(100)
    clock.begun.clear()
    clock.write(700, 3, 3)
    assert clock.begun == [700]
    clock.write(600, 60, 60)  # too few for a graph
    assert clock.begun == [700]


def test_searches_do_not_scan_without_a_bound(clock):
    clock.write(100, 990, 1.0, searching=True)
    assert clock.begun == []
    clock.write(100, 10, 1.0, searching=True)
    assert clock.begun == [100_000]
    # Nobody searches any more.
    clock.write(100, 1500, 1.0)
    assert len(clock.begun) == 1
    clock.write(100, 1, 1.0, searching=True)
    assert len(clock.begun) == 2 and clock.begun[1] >= 150_000


def test_no_point_waits_longer_than_an_hour_of_a_load(clock):
    clock.write(20, HOUR - 10, 1.0)
    assert clock.begun == []
    clock.write(20, 30, 1.0)
    assert clock.begun == [20 * HOUR]
    clock.write(20, HOUR - 30, 1.0)
    assert len(clock.begun) == 1


def test_removed_points_are_built_out_when_nothing_is_written(clock):
    clock.points = 50_000
    for _ in range(20):
        clock.schedule.note_write(clock.now, 0, 50, 100)
        clock.step(1)
    assert clock.begun == []
    clock.step(2)
    assert len(clock.begun) == 1 and clock.schedule.removed == 0


def test_what_failed_is_not_tried_again_at_once(clock):
    schedule = clock.schedule
    schedule.note_write(clock.now, 5000, 0, 100 << 20)
    clock.step(3, build=False)
    assert clock.due() and schedule.flush_due(clock.now)
    schedule.note_failure(clock.now)
    clock.step(4.75, build=False)
    assert not clock.due() and not schedule.flush_due(clock.now)
    clock.step(0.25, build=False)
    assert not clock.due() and schedule.flush_due(clock.now)
    clock.step(54.5, build=False)
    assert not clock.due()
    clock.step(0.5, build=False)
    assert clock.due()


def test_flushes(clock):
    schedule = clock.schedule
    assert not schedule.flush_due(clock.now + HOUR)
    schedule.note_write(clock.now, 1, 0, 1000)
    assert not schedule.flush_due(clock.now + 4.9) and schedule.flush_due(clock.now + 5)
    schedule.note_write(clock.now, 1, 0, 64 << 20)
    assert schedule.flush_due(clock.now)
    schedule.note_flush()
    assert not schedule.flush_due(clock.now + HOUR)
