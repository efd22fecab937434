# SPDX-License-Identifier: Apache-2.0
"""What a run of the tests leaves behind that was killed, and that nobody else's is touched."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from conftest import (OWNER, Grove, copy_of, is_left, make_home, place, remove_leftovers,
                      wait_until, write_owner)
from crashes import state_of

pytestmark = pytest.mark.slow

# As a run of the tests would: writes down who it is, then waits.
AS_A_RUN = """
import sys, conftest
conftest.write_owner(sys.argv[1])
print(flush=True)
sys.stdin.read()
"""


@pytest.fixture
def another():
    """Another run of the tests, with a folder."""
    folder = pathlib.Path(make_home()) / "grove-test-another"
    folder.mkdir()
    with subprocess.Popen([sys.executable, "-c", AS_A_RUN, folder], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True,
                          cwd=pathlib.Path(__file__).parent.parent) as run:
        assert run.stdout.readline() == "\n"
        yield folder, run
        run.kill()
    if (folder / "home").exists():
        Grove(folder / "home")("stop", check=False)
    shutil.rmtree(folder.parent)


def test_who_is_gone_is_told_by_all_that_was_written(another):
    folder, run = another
    assert not is_left(folder)
    pid, since, boot, space = (folder / OWNER).read_text().split()
    for owner, left in ((f"{pid} {int(since) - 1} {boot} {space}", True),
                        (f"{pid} {int(since) - 1} {boot} 1", False),  # another pid namespace
                        (f"{pid} {int(since) - 1} 0-0 {space}", False),
                        (f"{pid} {since}", False), ("", False), ("x 1 2 3", False)):
        (folder / OWNER).write_text(owner)
        assert is_left(folder) is left, owner
    (folder / OWNER).unlink()
    assert not is_left(folder)
    write_owner(folder, run.pid)
    run.kill()
    run.wait()
    assert is_left(folder) and place() == [boot, space]


def test_servers_of_a_run_that_was_killed_are_ended(another):
    folder, run = another
    made = Grove(folder / "home")
    copied = copy_of("init").home
    os.rename(copied, made.home)
    shutil.rmtree(copied.parent)
    made("browse", "religion")
    postmaster = made.processes()["postgres"]
    remove_leftovers([folder.parent])
    assert state_of(postmaster) in "SRD" and folder.exists()
    run.kill()
    run.wait()
    (folder.parent / "grove-test-of-somebody").mkdir()
    remove_leftovers([folder.parent])
    wait_until(lambda: state_of(postmaster) == "X")
    assert set(os.listdir(folder.parent)) == {OWNER, "grove-test-of-somebody"}
