# SPDX-License-Identifier: Apache-2.0
"""Programs with children of their own, beside grove's: whose servers are started meanwhile, whose
SIGCHLD is whose, and what a child has of its parent's."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys

import pytest
from conftest import BINARY, ROOT, wait_until
from test_library import compile_c, installed, run  # noqa: F401 (a fixture)


@pytest.fixture(scope="module")
def host(installed, tmp_path_factory):  # noqa: F811
    _, flags, environment = installed
    program = tmp_path_factory.mktemp("host") / "host"
    return compile_c(ROOT / "tests" / "e2e" / "host.c", program, flags), environment


@pytest.mark.parametrize("what", ["ignores", "handles", "waits"])
def test_children_are_the_hosts(host, filled, what):
    """Whatever it does about SIGCHLD, and whoever takes grove's children: the servers start, and
    the host gets its own child."""
    program, environment = host
    assert "postgres" not in filled.processes()
    done = run(program, what, grove=filled, environment=environment, GROVE_PROJECTOR="on")
    assert (done.returncode, done.stdout, done.stderr) == (0, "good\n", "")
    wait_until(lambda: {"postgres", "vectors"} <= set(filled.processes()))


def test_children_forked_meanwhile_keep_nothing(host, filled):
    """They outlive the start of the servers, and are in nobody's way: the servers can be stopped
    and started as if they were not there."""
    program, environment = host
    process = subprocess.Popen([program, "forks"], env={**filled.env, **environment}, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    try:
        assert process.stdout.readline() == "started\n", process.stderr.read()
        filled("stop", "--timeout", "30s")
        assert filled.processes() == {}
        assert filled.json("search", "faith", "--timeout", "30s")["results"]
        wait_until(lambda: {"postgres", "vectors"} <= set(filled.processes()))
    finally:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "good\n", "")


# Its last call gave up on a statement that the server does not stop: a thread of the library goes
# on asking it to.
UNLOADED = """
import _ctypes, ctypes, os, sys
sys.path.insert(0, sys.argv[1])
from grove import _library
library = ctypes.CDLL(os.environ["GROVE_LIBRARY"])
for name, (result, arguments) in _library.FUNCTIONS.items():
    getattr(library, name).restype, getattr(library, name).argtypes = result, arguments
options = _library.COptions(size_bytes=ctypes.sizeof(_library.COptions), home_use=1)
handle, answer, error = ctypes.c_void_p(), ctypes.c_void_p(), _library.CError()
call = lambda timeout: library.grove_call_within(
    handle, b"ls", b"{}", _library.CLimits(timeout, None), ctypes.byref(answer),
    ctypes.byref(error))
assert library.grove_open(ctypes.byref(options), ctypes.byref(handle), ctypes.byref(error)) == 0
assert call(60000) == 0
print("ready", flush=True)
input()
assert call(300) != 0
library.grove_close(handle)
_ctypes.dlclose(library._handle)
print("unloaded", flush=True)
input()
while len(os.listdir("/proc/self/task")) > 1:
    pass
print("good")
"""


def test_a_host_may_unload_the_library(filled):
    """What a thread of it still waits for is no reason to crash."""
    filled("ls")
    pids = [filled.processes()["postgres"]]
    process = subprocess.Popen(
        [sys.executable, "-B", "-c", UNLOADED, ROOT / "bindings" / "python"], text=True,
        env={**filled.env, "GROVE_LIBRARY": str(pathlib.Path(BINARY).parent / "libgrove.so.0")},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        pids += [int(pid) for task in pathlib.Path(f"/proc/{pids[0]}/task").iterdir()
                 for pid in (task / "children").read_text().split()]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "unloaded\n", process.stderr.read()
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        out, said = process.communicate("\n", timeout=60)
        assert (process.returncode, out) == (0, "good\n"), said
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        process.kill()
