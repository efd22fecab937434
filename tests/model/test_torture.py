# SPDX-License-Identifier: Apache-2.0
"""Several clients at work while commands fail, wait and die at every point of their way and servers
are killed; between rounds stores are put back, lost and copied. After each round the servers are
found again by the next command, invariants are checked, and both stores compared with the model."""

import random
import sys

import pytest
from conftest import ROOT, library_environment
from faults import Faults, wait_for
from restores import Restores
from world import World

# As long as a busy machine makes it.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

sys.path.insert(0, str(ROOT / "bindings" / "python"))
import grove as package

ROUND = 30          # operations of a client
RESTORED = 0.2      # of the rounds
NEVER = 10 ** 9
REBUILT_AT_KB = 50  # so many vectors are worth an index: the builder has something to do


def torture(world, faults, kills, tell=print):
    source = random.Random(f"{world.seed}/torture")
    restores = Restores(world)
    rounds = 0
    while sum(faults.kills.values()) < kills:
        rounds += 1
        with world.projector(source.random() < 0.5):
            threads = world.work(ROUND)
            for _ in range(source.choice((1, 1, 2))):
                wait_for(world, world.done + source.randint(1, ROUND * 2), threads)
                faults.kill_one(source)
            world.rest(threads)
        world.compare()
        if source.random() < RESTORED:
            kind = restores.one(source)
            world.resume()
            world.compare()
            tell(f"torture: seed {world.seed}: round {rounds}: {kind}")
    tell(f"torture: seed {world.seed}: {rounds} rounds, {world.done} operations, kills "
         f"{faults.kills}, armed {faults.points}, restores {restores.done}")


def test_both_stores_survive(fresh, drawn):
    """As many --kills as are said, of the --seed that is printed."""
    faults = Faults()
    with library_environment():
        world = World(fresh, package, drawn.seed, NEVER, faults)
        faults.begin(world)
        try:
            world.rebuild_at(REBUILT_AT_KB)
            torture(world, faults, drawn.kills)
        finally:
            world.close()
    assert sum(faults.points.values()) > 0
