# SPDX-License-Identifier: Apache-2.0
"""Where a disk is full: what is told beside what loads and starts tell (test_bad_input.py)."""

import os
import subprocess

from conftest import BINARY, EXIT_STATUS, Grove
from disks import fill, small_disk  # noqa: F401 (a fixture)


def test_a_file_that_an_output_does_not_fit_in(filled, small_disk):  # noqa: F811
    """What it got is not whole, and that is said."""
    filler = fill(small_disk, 4096)
    out = os.path.join(small_disk, "out")
    with open(out, "wb") as output:
        done = subprocess.run([BINARY, "export"], env=filled.env, stdout=output, timeout=60,
                              stderr=subprocess.PIPE, check=False)
    assert done.returncode == EXIT_STATUS["io"], done
    assert b"standard output" in done.stderr and b"not whole" in done.stderr, done.stderr
    assert b"half-written" not in done.stderr
    os.unlink(filler)
    with open(out, "wb") as output:
        subprocess.run([BINARY, "export"], env=filled.env, stdout=output, timeout=60, check=True)


def test_a_home_that_does_not_fit(small_disk):  # noqa: F811
    """What could not be written, how much is free, and what to do."""
    filler = fill(small_disk, 0)
    grove = Grove(os.path.join(small_disk, "home"))
    error = grove.fails("io", "init")
    assert small_disk in error["message"] and "free some" in error["hint"], error
    os.unlink(filler)
    filler = fill(small_disk, 1 << 20)
    error = grove.fails("io", "init")
    assert "free some" in error["hint"], error
    os.unlink(filler)


def test_a_database_on_a_full_disk(small_disk):  # noqa: F811
    grove = Grove(os.path.join(small_disk, "home"))
    try:
        grove("init")
        filler = fill(small_disk, 0)
        error = grove.fails("io", "subject", "add", "law")
        assert error["sqlstate"] == "53100", error
        assert " are free on the disk of " in error["detail"] and small_disk in error["detail"]
        assert "free some space" in error["detail"] and "again" in error["hint"], error
        os.unlink(filler)
        grove("subject", "add", "law")
        assert grove.json("subject", "validate", "law")["ok"]
    finally:
        grove("stop", check=False)
