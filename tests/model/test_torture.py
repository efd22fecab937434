# SPDX-License-Identifier: Apache-2.0
"""Several clients at work while commands fail, wait and die at every point of their way and servers
are killed; between rounds stores are put back, lost and copied. After each round the servers are
found again by the next command, invariants are checked, and both stores compared with the model."""

import dataclasses
import random
import sys

import pytest
from conftest import ROOT, library_environment
from faults import VICTIMS, Faults, wait_for
from restores import KINDS, Restores
from world import World

# As long as a busy machine makes it.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

sys.path.insert(0, str(ROOT / "bindings" / "python"))
import grove as package

ROUND = 15          # operations of a client
ROUNDS_MAX = 4      # times the kills and restores that are asked for: a kind may be there seldom
NEVER = 10 ** 9
REBUILT_AT_KB = 50  # so many vectors are worth an index: the builder has something to do


def torture(world, faults, restores, drawn, tell=print):
    """Rounds until there were as many kills and restores as are asked for, the latter spread over
    the former."""
    source = random.Random(f"{world.seed}/torture")
    rounds, rounds_max = 0, ROUNDS_MAX * (drawn.kills + drawn.restores)
    while (faults.kills.total() < drawn.kills or restores.total() < drawn.restores) \
            and rounds < rounds_max:
        rounds += 1
        wanted = source.random() < 0.5 or faults.kills.look(source) == "projector"
        with world.projector(wanted):
            threads = world.work(ROUND)
            for _ in range(source.choice((1, 1, 2)) if drawn.kills else 0):
                wait_for(world, world.done + source.randint(1, ROUND * 2), threads)
                faults.kill_next(source)
            world.rest(threads)
        world.compare()
        due = restores.total() * drawn.kills < drawn.restores * faults.kills.total() \
            or drawn.kills <= faults.kills.total() and restores.total() < drawn.restores
        if not restores.prepare(source) and due:
            tell(f"torture: seed {world.seed}: round {rounds}: {restores.one(source)}")
            world.compare()
    tell(f"torture: seed {world.seed}: {rounds} rounds, {world.done} operations, {faults}; "
         f"restores {restores.done}")


def all_that_was_asked_for(drawn):
    """(what is drawn, kinds of kills, kinds of restores)"""
    unknown = set(drawn.kinds) - {*VICTIMS, *KINDS}
    assert not unknown, f"--kinds: {', '.join(unknown)}; there are {', '.join((*VICTIMS, *KINDS))}"
    victims, kinds = ([kind for kind in of if not drawn.kinds or kind in drawn.kinds]
                      for of in (VICTIMS, KINDS))
    return dataclasses.replace(drawn, kills=drawn.kills if victims else 0,
                               restores=drawn.restores if kinds else 0), victims, kinds


def test_both_stores_survive(fresh, drawn):
    """As many --kills and --restores as are said, of the --kinds, of the --seed that is printed.
    All that was asked for must have happened."""
    drawn, victims, kinds = all_that_was_asked_for(drawn)
    faults = Faults(victims)
    with library_environment():
        world = World(fresh, package, drawn.seed, NEVER, faults)
        faults.begin(world)
        restores = Restores(world, kinds)
        try:
            world.rebuild_at(REBUILT_AT_KB)
            torture(world, faults, restores, drawn)
        finally:
            world.close()
    # Few kills, or restores, cannot be of all kinds; and commands are told few things meanwhile.
    never = faults.kills.never() if drawn.kills >= len(victims) else []
    never += restores.done.never() if drawn.restores >= len(kinds) else []
    never += faults.never_reached() if drawn.kills >= len(VICTIMS) else []
    assert not never, f"asked for, and never happened: {', '.join(never)}"
