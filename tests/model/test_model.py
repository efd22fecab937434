# SPDX-License-Identifier: Apache-2.0
"""Random operations of several clients on one home, beside a model of what both stores hold."""

import sys

import pytest
from conftest import ROOT, library_environment
from world import World, run

# As long as a busy machine makes it.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

sys.path.insert(0, str(ROOT / "bindings" / "python"))
import grove as package

PHASE = 400  # operations, between comparisons


def test_random_operations(fresh, drawn):
    """As many as --operations says, of the --seed that is printed."""
    with library_environment():
        world = World(fresh, package, drawn.seed, drawn.operations)
        try:
            run(world, PHASE)
        finally:
            world.close()
