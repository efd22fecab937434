# SPDX-License-Identifier: Apache-2.0
"""Disks of the tests' own: small ones, that can be filled."""

import contextlib
import os
import shutil
import subprocess

import pytest
from conftest import make_home


@pytest.fixture
def small_disk():
    """A disk of 200 MB."""
    folder = os.path.join(make_home(), "disk")
    os.mkdir(folder)
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200m,mode=755", "grove-test", folder],
        capture_output=True, check=False).returncode == 0
    if not mounted:
        shutil.rmtree(os.path.dirname(folder))
        pytest.skip("a disk cannot be mounted here: needs root and the right to mount")
    yield folder
    subprocess.run(["umount", folder], check=True)
    shutil.rmtree(os.path.dirname(folder))


def fill(folder, leave):
    path = os.path.join(folder, "filler")
    for _ in range(100):  # the servers may write between the two calls
        status = os.statvfs(folder)
        with open(path, "wb") as file, contextlib.suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, status.f_bavail * status.f_frsize - leave)
            return path
    raise AssertionError(f"{folder} cannot be filled")
